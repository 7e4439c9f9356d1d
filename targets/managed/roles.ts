/** Asks a cluster, at its leader, what the script of Knowngood's roles has to say about it. Touches nothing. */
import type { Problem } from '../../domain/problem.ts';
import { type PostgresTargetOptions, partsOf } from '../postgres/options.ts';
import type { Parts } from '../postgres/parts.ts';
import { type ServerRow, serverQuery } from '../postgres/queries.ts';
import { type AskedForRoles, askServer } from '../postgres/roles.ts';
import { TargetError } from '../postgres/target-error.ts';
import { lookManaged } from './capture.ts';
import type { Member, Owned } from './owner.ts';
import { type ManagedOptions, leaderOf, managedPartsOf } from './parts.ts';
import { hasFilesOutside } from './privileges.ts';

/** `at`: the way to the leader, for a login such as a superuser's that only its host lets in; null: as the owner tells it. */
export async function askClusterForRoles(
  options: ManagedOptions,
  names: readonly string[],
  at: PostgresTargetOptions | null,
): Promise<AskedForRoles> {
  const { owner } = options;
  const managed = managedPartsOf(options);
  const own = at === null ? null : partsOf(at);
  try {
    const owned = await owner.read();
    const leader = leaderOf(owned, owner);
    const parts = own ?? managed.on(leader);
    await checkLeads(parts, owned, leader);
    const on: typeof managed.on = (member) => (member.name === leader.name ? parts : managed.on(member));
    const asked = await askServer(parts, names, async () => (await lookManaged({ ...managed, on })).captured);
    const { name, host, port } = leader;
    const filesOutside = await parts.sql.any(hasFilesOutside);
    return { ...asked, cluster: { owner: owner.title, leader: { name, host, port }, filesOutside } };
  } finally {
    const channels = [...managed.channels(), ...(own === null ? [] : [own.sql])];
    await Promise.all([...channels.map((sql) => sql.close()), owner.close()]);
  }
}

async function checkLeads({ sql, endpoint }: Parts, owned: Owned, leader: Member): Promise<void> {
  const [server] = await sql.any((session) => session.rows<ServerRow & Record<string, unknown>>(serverQuery));
  const isOther = owned.systemIdentifier !== null && server?.systemIdentifier !== owned.systemIdentifier;
  if (server?.inRecovery === false && !isOther) return;
  const problem: Problem = {
    code: 'not-the-leader',
    message: `the server at ${endpoint.host}:${endpoint.port} ${isOther ? 'is none of this cluster' : 'is a standby'}`,
    detail: `Roles are made at the leader, and standbys replay them. It is member ${leader.name} at ${leader.host}:${leader.port}.`,
    hint: 'Leave the host out of --connection, or name that one.',
  };
  throw new TargetError('InvalidRequest', [problem]);
}
