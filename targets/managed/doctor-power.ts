/** What the doctor says of power at a cluster: what the agent's role could do past its owner, and the roles of checks. */
import { excessInWords } from '../../domain/least-privilege/excess.ts';
import type { Prober } from '../../domain/least-privilege/prober.ts';
import type { DoctorCheck } from '../postgres/doctor-check.ts';
import { excessCheck, proberChecks } from '../postgres/doctor-power.ts';
import { readExcess } from '../postgres/held.ts';
import type { Parts } from '../postgres/parts.ts';
import { type PrivilegeRow, privilegesQuery } from '../postgres/queries.ts';
import type { Session } from '../postgres/session.ts';
import type { ManagedLook } from './capture.ts';
import type { Owner } from './owner.ts';
import { hasFilesOutside } from './privileges.ts';

/** By the leader: its standbys have the same roles. */
export async function clusterPowerChecks(
  owner: Owner,
  { sql, endpoint }: Parts,
  { captured }: ManagedLook,
  probers: readonly Prober[],
): Promise<readonly DoctorCheck[]> {
  const sections = captured.snapshot?.sections;
  if (sections === undefined) return [];
  const names = sections.settings.map(({ name }) => name);
  const excess = await sql.any((session) => excessAt(owner, session, sections.server.versionNum, names));
  return [
    excessCheck(`role "${endpoint.user}"`, excess),
    ...probers.flatMap((prober) => proberChecks(prober, sections)),
  ];
}

async function excessAt(
  { title }: Owner,
  session: Session,
  versionNum: number,
  names: readonly string[],
): Promise<readonly string[]> {
  const { settings, ...held } = await readExcess(session, versionNum, names);
  const isOutside = await hasFilesOutside(session);
  const roles = held.roles.filter((name) => name !== 'pg_read_server_files' || !isOutside);
  const [row] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
  const words = excessInWords({ ...held, roles, settings: [] });
  if (held.superuser) return words;
  return [
    ...words,
    ...(settings.length > 0 ? [`it may set ${fewOf(settings)} by ALTER SYSTEM, which outranks ${title}`] : []),
    ...(row?.reload === true ? [`it may reload the server, which ${title} does`] : []),
  ];
}

function fewOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
