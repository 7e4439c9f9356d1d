/** Runs a change's SQL in one database: one transaction, whole or not at all, tried again when only a lock was in its way. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ChangeStep, Fence, Say } from '../target.ts';
import { connectAsItself } from './connect.ts';
import { connectError } from './connect-error.ts';
import type { Endpoint } from './endpoint.ts';
import { type Quiet, agentQuery, beginWith } from './revert-sql-run.ts';
import { TargetError } from './target-error.ts';

type SqlStep = Extract<ChangeStep, { do: 'sql' }>;

/** A lock that is waited for keeps everybody behind it waiting too. */
const lockTimeoutMs = 1_000;
const maxTries = 5;
const pauseMs = 500;

/** Lock not available, deadlock, serialization failure; XX000 is what the loser of two GRANTs gets. */
const passing: ReadonlySet<string> = new Set(['55P03', '40P01', '40001']);

export async function runSql(endpoint: Endpoint, step: SqlStep, fence: Fence, say: Say): Promise<void> {
  const client = new pg.Client({ ...endpoint.config, database: step.database });
  // A connection that ends between two statements is seen by the next one.
  client.on('error', () => undefined);
  try {
    await connectAsItself(client, endpoint.config).catch((error: unknown) => {
      throw connectError(endpoint, error);
    });
    for (let tries = 1; ; tries += 1) {
      const failure = await attempt(client, step, fence);
      if (failure === null) return;
      if (!isPassing(failure.error) || tries === maxTries) throw refusedBy(step, failure);
      say(`${messageOf(failure.error)}: trying again`);
      await sleep(pauseMs);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Failure {
  readonly statement: string;
  readonly error: unknown;
}

/** null: committed. The fence's own error passes through, after a rollback. */
async function attempt(client: pg.Client, step: SqlStep, fence: Fence): Promise<Failure | null> {
  let statement = 'begin';
  try {
    await client.query(await beginFor(client, step));
    for (statement of step.statements) {
      await fence();
      // The extended protocol takes one statement: what the parser saw as one cannot become two here.
      const config: pg.QueryConfig & { queryMode: 'extended' } = { text: statement, queryMode: 'extended' };
      await client.query(config);
    }
    await fence();
    statement = 'commit';
    await client.query('commit');
    return null;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (!isDatabaseError(error)) throw error;
    return { statement, error };
  }
}

async function beginFor(client: pg.Client, { restoring }: SqlStep): Promise<string> {
  if (restoring === undefined) return begin;
  const { rows } = await client.query<{ quiet: Quiet }>(agentQuery);
  return beginWith(lockTimeoutMs, rows[0]?.quiet ?? 'nothing');
}

/** Strings as the parser read them; names without a schema mean public, whoever the agent logs in as. */
const begin = `begin;
  set local standard_conforming_strings = on;
  set local search_path = public;
  set local lock_timeout = ${lockTimeoutMs}`;

function isDatabaseError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}

function isPassing(error: unknown): boolean {
  if (!isDatabaseError(error)) return false;
  return passing.has(error.code ?? '') || error.message === 'tuple concurrently updated';
}

function refusedBy({ database, statements }: SqlStep, { statement, error }: Failure): TargetError {
  const nth =
    statements.length === 1 ? '' : ` (statement ${statements.indexOf(statement) + 1} of ${statements.length})`;
  const { code, detail } = isDatabaseError(error) ? error : { code: undefined, detail: undefined };
  return new TargetError(
    'NotApplied',
    [
      {
        code: 'sql-failed',
        message: `the server refused the SQL of database "${database}"${nth}: ${messageOf(error)}`,
        detail: `${code === undefined ? '' : `SQLSTATE ${code}. `}${detail === undefined ? '' : `${detail}. `}The transaction was rolled back.`,
        ...(code === '42501' ? { hint: "The agent's role may not do this: grant it what the statement needs." } : {}),
      },
    ],
    error,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
