/**
 * Takes the SQL part of a change back: what is shared by all databases first, for it decides who gets in, then each
 * database. Then it reads everything anew, and what is still not as it should be is said.
 */
import type { RevertItem } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import { type NeverReopen, nothingClosed } from '../../domain/never-reopen.ts';
import { closeRoles } from '../../domain/revert/closed-roles.ts';
import { type SqlSections, planRevertSql } from '../../domain/revert/sql/plan.ts';
import type { SqlUnit } from '../../domain/revert/sql/unit.ts';
import type { Captured, Fence, Say } from '../target.ts';
import type { Parts } from './parts.ts';
import { quoted } from './privileges.ts';
import { isRefusal, notRestored } from './revert-sql-failure.ts';
import { type Ran, failed, runUnits } from './revert-sql-run.ts';
import type { Session } from './sql-channel.ts';
import { TargetError, codeOf, messageOf } from './target-error.ts';

/** A database that lets nobody in is read, and put back, only once it does again. */
const maxRounds = 3;
/** Databases at the same time. */
const connections = 4;

export interface SqlBack {
  /** Everything that was decided, each with what came of it. */
  readonly items: readonly RevertItem[];
  readonly conflicts: readonly string[];
  readonly remaining: readonly Problem[];
  readonly proof: readonly string[];
  /** Something was written: what was seen before is not what is. */
  readonly wrote: boolean;
  /** What stays closed. */
  readonly held: readonly Problem[];
}

export interface SqlRevert {
  readonly before: Captured;
  readonly change: Captured | null;
  readonly fence: Fence;
  readonly say: Say;
  readonly neverReopen?: NeverReopen;
}

export const nothingBack: SqlBack = { items: [], conflicts: [], remaining: [], proof: [], wrote: false, held: [] };

/** What would be done, and what is; `live` must hold a snapshot for there to be anything. */
export function planSqlBack(
  before: Captured,
  change: Captured | null,
  live: Captured | null,
  list: NeverReopen = nothingClosed,
): { readonly units: readonly SqlUnit[]; readonly held: readonly Problem[] } {
  const [s, l] = [before.snapshot?.sections, live?.snapshot?.sections];
  if (s === undefined || l === undefined) return { units: [], held: [] };
  const c: SqlSections | null = change?.snapshot?.sections ?? null;
  const { roles, problems } = closeRoles(s.roles, c?.roles ?? null, l.roles, list);
  const sources = [before, change, live].map((captured) => captured?.secrets ?? {});
  const secretOf = (fingerprint: string): string | null =>
    sources.map((secrets) => secrets[fingerprint]).find((secret) => secret !== undefined) ?? null;
  return { units: planRevertSql({ before: { ...s, roles }, change: c, live: l, secretOf }), held: problems };
}

/** Whether the change left anything for SQL to put back, as far as is known. */
export function touchesSql({ snapshot: s }: Captured, change: Captured | null): boolean {
  const c = change?.snapshot ?? null;
  if (s === null || c === null) return false;
  return (['roles', 'memberships', 'databases', 'shared', 'catalogs'] as const).some(
    (section) => s.hashes[section] !== c.hashes[section],
  );
}

/** `look` sees anew; null: there is no way to. */
export async function revertSql(
  parts: Parts,
  revert: SqlRevert,
  first: Captured | null,
  look: () => Promise<Captured | null>,
): Promise<SqlBack> {
  const { before, change, fence, say, neverReopen } = revert;
  const decided = new Map<string, SqlUnit>();
  let failures: ReadonlyMap<string, Problem> = new Map();
  let live = first;
  let wrote = false;
  let { units, held } = planSqlBack(before, change, null);
  for (let round = 1; ; round += 1) {
    ({ units, held } = planSqlBack(before, change, live, neverReopen));
    for (const unit of units) if (!decided.has(unit.id) || unit.statements.length > 0) decided.set(unit.id, unit);
    const todo = units.filter(({ statements }) => statements.length > 0);
    if (todo.length === 0 || round > maxRounds || todo.every((unit) => failures.has(unit.id))) break;
    say(`restoring by SQL: ${todo.length === 1 ? '1 item' : `${todo.length} items`}`);
    failures = await run(parts, before, todo, fence);
    wrote = true;
    live = await look();
    if (live === null) break;
  }
  return { ...outcome(parts, [...decided.values()], units, failures, wrote, live !== null), held };
}

async function run(
  parts: Parts,
  before: Captured,
  units: readonly SqlUnit[],
  fence: Fence,
): Promise<ReadonlyMap<string, Problem>> {
  const failures = new Map<string, Problem>();
  const one = async (database: string | null, own: readonly SqlUnit[]): Promise<void> => {
    const ran = await runIn(parts, before, database, own, fence);
    for (const [key, problem] of ran.failures) failures.set(key, problem);
  };
  const shared = units.filter(({ database }) => database === null);
  if (shared.length > 0) await one(null, shared);
  const rest = new Map<string, SqlUnit[]>();
  for (const unit of units)
    if (unit.database !== null) rest.set(unit.database, [...(rest.get(unit.database) ?? []), unit]);
  const waiting = [...rest];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await one(...next);
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return failures;
}

/** On a new connection; in the agent's own database the open one will do, when no new one is let in. */
async function runIn(
  { sql }: Parts,
  { facts }: Captured,
  database: string | null,
  units: readonly SqlUnit[],
  fence: Fence,
): Promise<Ran> {
  const work = (session: Session): Promise<Ran> => runUnits(session, units, facts, fence);
  const here = database === null || database === sql.endpoint.database;
  try {
    if (!here) return await sql.elsewhere(database, work);
    return await sql.fresh(work).catch(async (error: unknown) => {
      const ran = error instanceof TargetError && error.failure !== 'NotApplied' ? await sql.warm(work) : null;
      if (ran === null) throw error;
      return ran;
    });
  } catch (error) {
    if (error instanceof TargetError && error.failure === 'NotApplied') return failed(units, error.problem);
    // No way in, or a connection that was lost: whatever was not committed is done at the next attempt.
    if (!(error instanceof TargetError) && !isRefusal(error) && codeOf(error) === null && !isLost(error)) throw error;
    return failed(units, {
      code: 'sql-silent',
      message: `${database === null ? 'the server' : `database ${database}`} could not be written to`,
      detail: messageOf(error),
    });
  }
}

/** How `pg` says it has no code for. */
function isLost(error: unknown): boolean {
  return error instanceof Error && /connection|timeout|terminated/i.test(error.message);
}

function outcome(
  { sql }: Parts,
  decided: readonly SqlUnit[],
  left: readonly SqlUnit[],
  failures: ReadonlyMap<string, Problem>,
  wrote: boolean,
  seen: boolean,
): Omit<SqlBack, 'held'> {
  const agent = quoted(sql.endpoint.user);
  const isGone = ({ id, mayBeGone }: SqlUnit): boolean => mayBeGone && failures.get(id)?.code === 'object-gone';
  const still = new Map(
    left
      .filter((unit) => unit.statements.length > 0 && !isGone(unit))
      .map((unit) => [unit.id, failures.get(unit.id) ?? notRestored(unit, agent)] as const),
  );
  const back = decided.filter((unit) => unit.statements.length > 0 && !still.has(unit.id) && !isGone(unit));
  const receipt = (unit: SqlUnit): string | null => {
    if (unit.statements.length === 0) return null;
    const problem = still.get(unit.id);
    return problem === undefined
      ? seen
        ? 'put back, and read anew'
        : null
      : `not put back: ${problem.detail ?? problem.message}`;
  };
  return {
    items: decided.flatMap((unit) =>
      isGone(unit) ? unit.items.map(gone) : unit.items.map((item) => withNote(item, receipt(unit))),
    ),
    conflicts: decided.flatMap(({ conflicts }) => conflicts),
    remaining: unique([...still.values(), ...left.flatMap(({ problem }) => (problem === null ? [] : [problem]))]),
    proof:
      back.length === 0 || !seen
        ? []
        : [`roles, grants and policies: ${back.length} of ${back.length + still.size} put back, read anew`],
    wrote,
  };
}

function gone(item: RevertItem): RevertItem {
  const note = 'gone with the table or extension that made it: not put back';
  return { ...item, action: 'none', effect: 'none', decision: 'not-revertible', note };
}

function withNote(item: RevertItem, note: string | null): RevertItem {
  if (note === null) return item;
  return { ...item, note: item.note === undefined ? note : `${item.note}; ${note}` };
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [
    ...new Map(
      problems.map((problem) => [`${problem.code} ${problem.message} ${problem.detail ?? ''}`, problem]),
    ).values(),
  ];
}
