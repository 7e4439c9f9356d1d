/** What `knowngood doctor` says about a target: what works, what does not, and what is not covered yet. */
import type { Problem } from '../../domain/problem.ts';
import { identifyOn } from './identify.ts';
import { look } from './capture.ts';
import type { Parts } from './parts.ts';
import { type PostgresTargetOptions, partsOf } from './options.ts';
import { TargetError, messageOf } from './target-error.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly problem?: Problem;
}

/** Each check stands on its own; a failed one does not hide the others. Touches nothing. */
export async function doctorChecks(options: PostgresTargetOptions): Promise<readonly DoctorCheck[]> {
  const parts = partsOf(options);
  try {
    return [...(await serverChecks(parts)), restartCheck(parts), ...uncovered()];
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
  const reachable: DoctorCheck = { name: 'the server can be reached', ok: true };
  const identified = await identifyOn(parts);
  if (identified.kind === 'refused')
    return [reachable, ...identified.problems.map((problem) => failed('the server can be guarded', problem))];
  const guardable: DoctorCheck = {
    name: `PostgreSQL ${identified.version} can be guarded: privileges and files are as they must be`,
    ok: true,
  };
  try {
    const { captured, state } = await look(parts.sql, parts.digest);
    const clean = captured.dirty.map((problem) => failed('the server would start again as it runs', problem));
    const verifiers = state?.roles.some(({ verifier }) => verifier === 'unreadable') === true;
    return [
      reachable,
      guardable,
      ...(clean.length === 0 ? [{ name: 'the server would start again as it runs', ok: true }] : clean),
      verifiers
        ? failed('password changes are noticed', {
            code: 'verifiers-unreadable',
            message: 'password verifiers cannot be read',
            hint: 'Optional: "grant select on pg_authid" to the agent, and changed passwords show in snapshots (as fingerprints).',
          })
        : { name: 'password changes are noticed', ok: true },
    ];
  } catch (error) {
    return [reachable, guardable, failed('a snapshot can be taken', problemOf(error))];
  }
}

function restartCheck({ restart }: Parts): DoctorCheck {
  const name = 'the agent can restart the server';
  if (restart !== null) return { name, ok: true };
  return failed(name, {
    code: 'no-restart-command',
    message: 'no restart command is configured',
    hint: 'Without it, a change that needs a restart is refused, and a server that is down is not started: add "restart" to agent.yaml.',
  });
}

/** Said, not hidden: a snapshot does not hold these yet, so a revert cannot put them back. */
function uncovered(): readonly DoctorCheck[] {
  const parts = [
    ['TLS certificates, keys, CAs, CRLs and keytabs', 'Keep copies of the files that ssl_* settings name.'],
    ['roles (seen and compared, not put back)', 'Take note of ALTER ROLE, GRANT and REVOKE between roles.'],
    [
      'database attributes and privileges of objects',
      'Keep the output of "pg_dumpall --globals-only" and "pg_dump --schema-only".',
    ],
    ['row security', 'Keep the output of "pg_dump --schema-only".'],
    ['extension versions', 'They cannot be taken back at all: try the update elsewhere first.'],
  ] as const;
  return parts.map(([what, hint]) =>
    failed(`covered: ${what}`, { code: 'not-covered', message: `not covered yet: ${what}`, hint }),
  );
}

function failed(name: string, problem: Problem): DoctorCheck {
  return { name, ok: false, problem };
}

function problemOf(error: unknown): Problem {
  return error instanceof TargetError ? error.problem : { code: 'unforeseen', message: messageOf(error) };
}
