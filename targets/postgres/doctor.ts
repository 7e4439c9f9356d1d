/** What `knowngood doctor` says about a target: what can be seen and put back, what cannot, and the SQL that grants it. */
import { statementOf } from '../../domain/least-privilege/privilege.ts';
import type { Prober } from '../../domain/least-privilege/prober.ts';
import { type Restorable, restorables } from '../../domain/least-privilege/restorable.ts';
import type { Problem } from '../../domain/problem.ts';
import { type Look, look } from './capture.ts';
import { type DoctorCheck, failed, passed } from './doctor-check.ts';
import { powerChecks } from './doctor-power.ts';
import { readHeld } from './held.ts';
import { identifyOn } from './identify.ts';
import type { Parts } from './parts.ts';
import { type PostgresTargetOptions, partsOf } from './options.ts';
import { missingReload, unseenBy } from './privileges.ts';
import { type PrivilegeRow, privilegesQuery } from './queries.ts';
import { TargetError, messageOf } from './target-error.ts';

export interface DoctorSettings {
  /** Dangerous settings that agent.yaml allows by name. */
  readonly allowedSettings?: readonly string[];
  /** Roles of checks that are nobody's service. */
  readonly probers?: readonly Prober[];
}

type Seen = Pick<Look, 'captured' | 'state'>;

/** Each check stands on its own; a failed one does not hide the others. Touches nothing. */
export async function doctorChecks(
  options: PostgresTargetOptions,
  settings: DoctorSettings = {},
): Promise<readonly DoctorCheck[]> {
  const parts = partsOf(options);
  try {
    return [...(await serverChecks(parts, settings)), restartCheck(parts)];
  } finally {
    await parts.sql.close();
  }
}

async function serverChecks(parts: Parts, settings: DoctorSettings): Promise<readonly DoctorCheck[]> {
  try {
    await parts.sql.any((session) => session.rows('select 1'));
  } catch (error) {
    return [failed('the server can be reached', problemOf(error))];
  }
  const reachable = passed('the server can be reached');
  const identified = await identifyOn(parts);
  if (identified.kind === 'refused') {
    const row = await readRow(parts);
    // What putting back takes is known once everything can be seen.
    const sql = [
      ...unseenBy(row).flatMap(({ grants }) => grants),
      ...missingReload(row),
      '-- then ask again: what it takes to put things back shows once they can be seen',
    ];
    return [
      reachable,
      ...identified.problems.map((problem) => ({
        ...failed('the server can be guarded', problem),
        ...(problem.code === 'insufficient-privilege' ? { sql } : {}),
      })),
    ];
  }
  const guardable = passed(`PostgreSQL ${identified.version} can be guarded: privileges and files are as they must be`);
  try {
    const seen = await look(parts.sql, parts.digest);
    return [
      reachable,
      guardable,
      ...seenChecks(seen),
      ...(await moreChecks(parts)),
      ...(await powerChecks(parts, seen, settings)),
      ...(await restoreChecks(parts, seen)),
    ];
  } catch (error) {
    return [reachable, guardable, failed('a snapshot can be taken', problemOf(error))];
  }
}

async function readRow(parts: Parts): Promise<PrivilegeRow> {
  const [row] = await parts.sql.any((session) => session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery));
  if (row === undefined) throw new TypeError('the privileges query gave no row');
  return row;
}

export function seenChecks({ captured }: Seen): readonly DoctorCheck[] {
  const clean = captured.dirty
    .filter(({ code }) => code !== 'database-unread')
    .map((problem) => failed('the server would start again as it runs', problem));
  const unread = captured.dirty.filter(({ code }) => code === 'database-unread');
  const catalogs = captured.snapshot?.sections.catalogs ?? [];
  const read = catalogs.filter(({ unread: why }) => why === null).length;
  return [
    ...(clean.length === 0 ? [passed('the server would start again as it runs')] : clean),
    ...(unread.length === 0
      ? [passed(`privileges and row security are seen in every database (${read})`)]
      : unread.map((problem) => ({ ...failed('every database is seen', problem), sql: grantIn(problem) }))),
  ];
}

/** What nobody must see in order to go on. */
const more = [
  {
    sight: 'authid',
    name: 'password changes are noticed',
    code: 'verifiers-unreadable',
    message: 'password verifiers cannot be read: a changed password is neither noticed nor put back',
  },
  {
    sight: 'identMaps',
    name: 'errors in pg_ident.conf are noticed',
    code: 'maps-unreadable',
    message: 'pg_ident_file_mappings cannot be read: an error in pg_ident.conf is not noticed',
  },
  {
    sight: 'readStats',
    name: 'who connects is seen',
    code: 'sessions-unseen',
    message: 'sessions of other roles cannot be seen: neither who connects nor which standbys replicate',
  },
] as const;

export async function moreChecks(parts: Parts): Promise<readonly DoctorCheck[]> {
  const unseen = unseenBy(await readRow(parts));
  return more.map(({ sight, name, code, message }) => {
    const sql = unseen.find((one) => one.sight === sight)?.grants;
    if (sql === undefined) return passed(name);
    return { ...failed(name, { code, message, hint: `Optional: ${sql.map((grant) => `${grant};`).join(' ')}` }), sql };
  });
}

/** `where`: the statements stand. */
export async function restoreChecks(
  parts: Parts,
  { captured }: Seen,
  where = 'knowngood doctor --sql',
): Promise<readonly DoctorCheck[]> {
  const { snapshot } = captured;
  if (snapshot === null) return [];
  const { sections } = snapshot;
  const { versionNum } = sections.server;
  const held = await parts.sql.any((session) => readHeld(session, versionNum));
  return restorables(sections, held).map((one) => restoreCheck(held.user, versionNum, one, where));
}

function restoreCheck(
  user: string,
  versionNum: number,
  { what, lacking, besides, privileges }: Restorable,
  where: string,
): DoctorCheck {
  const name = `can be put back: ${what}`;
  if (lacking.length === 0 && besides.length === 0) return passed(name);
  const shown = lacking.slice(0, 5).join(', ') + (lacking.length > 5 ? ` and ${lacking.length - 5} more` : '');
  return {
    ...failed(name, {
      code: 'not-restorable',
      message: `role "${user}" sees, but cannot put back all of: ${what}`,
      detail: [...(shown === '' ? [] : [`It may not act for ${shown}.`]), ...besides].join(' '),
      hint: `See "${where}". Until then such a revert stays incomplete and says what is left to do.`,
    }),
    sql: privileges.map((privilege) => statementOf(privilege, user, versionNum)),
  };
}

function restartCheck({ restart }: Parts): DoctorCheck {
  const name = 'the agent can restart the server';
  if (restart !== null) return passed(name);
  return failed(name, {
    code: 'no-restart-command',
    message: 'no restart command is configured',
    hint: 'Without it, a change that needs a restart is refused, and a server that is down is not started: add "restart" to agent.yaml.',
  });
}

/** Where a grant mends it, the reason ends with it. */
function grantIn({ detail }: Problem): readonly string[] {
  const grant = / (grant [^:]+)$/.exec(detail ?? '')?.[1];
  return grant === undefined ? [] : [grant];
}

export function problemOf(error: unknown): Problem {
  return error instanceof TargetError ? error.problem : { code: 'unforeseen', message: messageOf(error) };
}
