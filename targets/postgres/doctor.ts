/** What `knowngood doctor` says about a target: what can be seen and put back, what cannot, and the SQL that grants it. */
import type { Problem } from '../../domain/problem.ts';
import { type Look, look } from './capture.ts';
import { type Restorable, restorables } from './doctor-restore.ts';
import { identifyOn } from './identify.ts';
import type { Parts } from './parts.ts';
import { type PostgresTargetOptions, partsOf } from './options.ts';
import { grantsForMaps, missingGrants, quoted } from './privileges.ts';
import { type PrivilegeRow, privilegesQuery } from './queries.ts';
import { TargetError, messageOf } from './target-error.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly problem?: Problem;
  /** What a superuser runs, in the database of the agent's connection, to mend it. Comments are no statements. */
  readonly sql?: readonly string[];
}

type Seen = Pick<Look, 'captured' | 'state'>;

/** Each check stands on its own; a failed one does not hide the others. Touches nothing. */
export async function doctorChecks(options: PostgresTargetOptions): Promise<readonly DoctorCheck[]> {
  const parts = partsOf(options);
  try {
    return [...(await serverChecks(parts)), restartCheck(parts)];
  } finally {
    await parts.sql.close();
  }
}

async function serverChecks(parts: Parts): Promise<readonly DoctorCheck[]> {
  try {
    await parts.sql.any((session) => session.rows('select 1'));
  } catch (error) {
    return [failed('the server can be reached', problemOf(error))];
  }
  const reachable = passed('the server can be reached');
  const identified = await identifyOn(parts);
  if (identified.kind === 'refused') {
    // What putting back takes is known once everything can be seen.
    const sql = [
      ...(await grantsToSee(parts)),
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
      ...seenChecks(parts, seen),
      await mapsCheck(parts),
      ...(await restoreChecks(parts, seen)),
    ];
  } catch (error) {
    return [reachable, guardable, failed('a snapshot can be taken', problemOf(error))];
  }
}

/** Everything that the agent needs to see, and reading verifiers with it. */
function grantsToSee(parts: Parts): Promise<readonly string[]> {
  return parts.sql.any(async (session) => {
    const [row] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
    if (row === undefined) return [];
    return [...missingGrants(row), ...grantsForMaps(row), ...(row.authid ? [] : [seeVerifiers(row.user)])];
  });
}

/** Optional, and no small thing: it shows the stored form of every password. */
function seeVerifiers(user: string): string {
  return `grant select on pg_authid to ${quoted(user)}`;
}

export function seenChecks({ endpoint }: Parts, { captured, state }: Seen): readonly DoctorCheck[] {
  const clean = captured.dirty
    .filter(({ code }) => code !== 'database-unread')
    .map((problem) => failed('the server would start again as it runs', problem));
  const unread = captured.dirty.filter(({ code }) => code === 'database-unread');
  const verifiers = state?.roles.some(({ verifier }) => verifier === 'unreadable') === true;
  const catalogs = captured.snapshot?.sections.catalogs ?? [];
  const read = catalogs.filter(({ unread: why }) => why === null).length;
  return [
    ...(clean.length === 0 ? [passed('the server would start again as it runs')] : clean),
    ...(unread.length === 0
      ? [passed(`privileges and row security are seen in every database (${read})`)]
      : unread.map((problem) => ({ ...failed('every database is seen', problem), sql: grantIn(problem) }))),
    verifiers
      ? {
          ...failed('password changes are noticed', {
            code: 'verifiers-unreadable',
            message: 'password verifiers cannot be read: a changed password is neither noticed nor put back',
            hint: `Optional: ${seeVerifiers(endpoint.user)};`,
          }),
          sql: [seeVerifiers(endpoint.user)],
        }
      : passed('password changes are noticed'),
  ];
}

export async function mapsCheck(parts: Parts): Promise<DoctorCheck> {
  const name = 'errors in pg_ident.conf are noticed';
  const [row] = await parts.sql.any((session) => session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery));
  const sql = row === undefined ? [] : grantsForMaps(row);
  if (sql.length === 0) return passed(name);
  return {
    ...failed(name, {
      code: 'maps-unreadable',
      message: 'pg_ident_file_mappings cannot be read: an error in pg_ident.conf is not noticed',
      hint: `Optional: ${sql.map((grant) => `${grant};`).join(' ')}`,
    }),
    sql,
  };
}

export async function restoreChecks(parts: Parts, { captured }: Seen): Promise<readonly DoctorCheck[]> {
  const { snapshot } = captured;
  if (snapshot === null) return [];
  const found = await parts.sql.any((session) => restorables(session, snapshot.sections));
  return found.map((one) => restoreCheck(parts, one));
}

function restoreCheck({ endpoint }: Parts, { what, lacking, besides, sql }: Restorable): DoctorCheck {
  const name = `can be put back: ${what}`;
  if (lacking.length === 0 && besides.length === 0) return passed(name);
  const shown = lacking.slice(0, 5).join(', ') + (lacking.length > 5 ? ` and ${lacking.length - 5} more` : '');
  return {
    ...failed(name, {
      code: 'not-restorable',
      message: `role "${endpoint.user}" sees, but cannot put back all of: ${what}`,
      detail: [...(shown === '' ? [] : [`It may not act for ${shown}.`]), ...besides].join(' '),
      hint: 'See "knowngood doctor --sql". Until then such a revert stays incomplete and says what is left to do.',
    }),
    sql,
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

export function passed(name: string): DoctorCheck {
  return { name, ok: true };
}

export function failed(name: string, problem: Problem): DoctorCheck {
  return { name, ok: false, problem };
}

export function problemOf(error: unknown): Problem {
  return error instanceof TargetError ? error.problem : { code: 'unforeseen', message: messageOf(error) };
}
