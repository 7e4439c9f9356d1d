/**
 * Runs the units of one database as one transaction. What the server refuses is found by halving, within savepoints: the
 * rest goes through. A lock is never waited for long: everybody behind it would be waiting too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quietSettings } from '../../domain/least-privilege/reverter.ts';
import type { Problem } from '../../domain/problem.ts';
import { quoteName } from '../../domain/revert/sql/quote.ts';
import type { SqlUnit } from '../../domain/revert/sql/unit.ts';
import type { Captured, Fence } from '../target.ts';
import { checkSession } from './identity.ts';
import { isPassing, isRefusal, refusalOf } from './revert-sql-failure.ts';
import type { Session } from './sql-channel.ts';
import { codeOf } from './target-error.ts';

const lockTimeoutMs = 2_000;
/** When each unit is tried on its own there may be many of them. */
const carefulLockTimeoutMs = 250;
const lockNotAvailable = '55P03';
const maxTries = 4;
const firstPauseMs = 50;
/** Statements a round trip: a message of a megabyte or so, far below the limits and the query timeout. */
const chunk = 5_000;

export interface Ran {
  /** By the id of the unit. */
  readonly failures: ReadonlyMap<string, Problem>;
}

interface Agent {
  readonly [column: string]: unknown;
  readonly user: string;
  readonly quiet: Quiet;
}

/** How a role keeps what it writes out of the log: as a superuser, or from 15 on by what it was granted. */
export type Quiet = 'all' | 'granted' | 'nothing';

export const agentQuery = `
  select rolname::text as "user",
    case when rolsuper then 'all' when pg_catalog.current_setting('server_version_num')::int >= 150000 then 'granted'
      else 'nothing' end as quiet
  from pg_catalog.pg_roles where rolname = current_user`;

export async function runUnits(
  session: Session,
  units: readonly SqlUnit[],
  facts: Captured['facts'],
  fence: Fence,
): Promise<Ran> {
  // An address may lead elsewhere by now, and a primary may have become a standby: they get no more SQL writes.
  await checkSession(session, facts);
  const [agent] = await session.rows<Agent>(agentQuery);
  if (agent === undefined) throw new TypeError('the role query gave no row');
  const secrets = units.some(({ statements }) => statements.some(({ sql, shown }) => sql !== shown));
  const quiet = secrets ? agent.quiet : 'nothing';
  for (let tries = 1; ; tries += 1) {
    await fence();
    const error = await wholly(session, units, beginWith(lockTimeoutMs, quiet), fence);
    if (error === null) return { failures: new Map() };
    // What a lock is in the way of must not hold up the rest; the next attempt of the revert comes soon enough for it.
    if (!isPassing(error) || codeOf(error) === lockNotAvailable || tries === maxTries) break;
    await sleep(firstPauseMs * 3 ** tries);
  }
  await fence();
  return carefully(session, units, beginWith(carefulLockTimeoutMs, quiet), fence, quoteName(agent.user));
}

/** Whatever a change has set for the agent's role or database must not bend it. */
export function beginWith(lockMs: number, quiet: Quiet): string {
  return [
    'begin isolation level read committed read write',
    "set local search_path = ''",
    'set local standard_conforming_strings = on',
    // Else lists of names are stored with other quotes than they had.
    'set local quote_all_identifiers = off',
    `set local lock_timeout = ${lockMs}`,
    "set local statement_timeout = '60s'",
    'set local idle_in_transaction_session_timeout = 0',
    ...(quiet === 'nothing'
      ? []
      : [quietly + (quiet === 'all' ? '' : ` where pg_catalog.has_parameter_privilege(name, 'SET')`)]),
  ].join(';');
}

/** Passwords stand in these statements as they are stored: not for the log, nor for statistics. */
const quietly = `select pg_catalog.set_config(name, value, true) from (values
  ${Object.entries(quietSettings)
    .map(([name, value]) => `('${name}', '${value}')`)
    .join(', ')}) quiet (name, value)`;

/** null: committed. */
async function wholly(session: Session, units: readonly SqlUnit[], begin: string, fence: Fence): Promise<unknown> {
  try {
    await session.script(begin);
    const lines = units.flatMap(({ statements }) => statements.map(({ sql }) => sql));
    for (let at = 0; at < lines.length; at += chunk) await session.script(lines.slice(at, at + chunk).join(';\n'));
    await fence();
    await session.script('commit');
    return null;
  } catch (error) {
    await session.script('rollback').catch(() => undefined);
    if (!isRefusal(error)) throw error;
    return error;
  }
}

async function carefully(
  session: Session,
  units: readonly SqlUnit[],
  begin: string,
  fence: Fence,
  agent: string,
): Promise<Ran> {
  const failures = new Map<string, Problem>();
  try {
    await session.script(begin);
    await halving(session, units, (unit, problem) => failures.set(unit.id, problem), agent);
    await fence();
    await session.script('commit');
    return { failures };
  } catch (error) {
    await session.script('rollback').catch(() => undefined);
    throw error;
  }
}

async function halving(
  session: Session,
  units: readonly SqlUnit[],
  fail: (unit: SqlUnit, problem: Problem) => void,
  agent: string,
): Promise<void> {
  const [only] = units;
  if (only === undefined) return;
  if (units.length === 1) return alone(session, only, fail, agent);
  try {
    const lines = units.flatMap(({ statements }) => statements.map(({ sql }) => sql));
    await session.script(['savepoint knowngood', ...lines, 'release savepoint knowngood'].join(';\n'));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await session.script('rollback to savepoint knowngood; release savepoint knowngood');
    const middle = Math.ceil(units.length / 2);
    await halving(session, units.slice(0, middle), fail, agent);
    await halving(session, units.slice(middle), fail, agent);
  }
}

/** Statement by statement, so that the refused one can be named. */
async function alone(
  session: Session,
  unit: SqlUnit,
  fail: (unit: SqlUnit, problem: Problem) => void,
  agent: string,
): Promise<void> {
  await session.script('savepoint knowngood');
  for (const statement of unit.statements) {
    try {
      await session.script(statement.sql);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      fail(unit, refusalOf(unit, statement, error, agent));
      await session.script('rollback to savepoint knowngood; release savepoint knowngood');
      return;
    }
  }
  await session.script('release savepoint knowngood');
}

export function failed(units: readonly SqlUnit[], problem: Problem): Ran {
  return { failures: new Map(units.map(({ id }) => [id, problem])) };
}
