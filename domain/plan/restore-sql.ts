/** What SQL puts back on the way to an earlier snapshot: the units of a revert, whole or in part. */
import type { Problem } from '../problem.ts';
import { planRevertSql } from '../revert/sql/plan.ts';
import type { SqlUnit, Statement } from '../revert/sql/unit.ts';
import type { SecretOf } from '../revert/sql/roles.ts';
import type { Sections } from '../snapshot.ts';
import { catalogKeysOf } from '../snapshot/all-keys.ts';
import { onlyOf } from './only.ts';
import { partOf } from './part-of.ts';
import type { PlanItem } from '../plan.ts';
import { sqlDiff } from './sql.ts';

export interface SqlRestore {
  readonly items: readonly PlanItem[];
  /** Keys of everything that is in either snapshot and can be named. */
  readonly keys: readonly string[];
  readonly runs: readonly BackRun[];
  readonly diff: string;
  readonly warnings: readonly string[];
}

/** One transaction. */
export interface BackRun {
  readonly database: string;
  readonly statements: readonly Statement[];
}

/** `home`: the database in which what all databases share is put back. */
export function planSqlRestore(
  wanted: Sections,
  live: Sections,
  {
    change,
    patterns,
    home,
    secretOf,
  }: {
    /** Right after the change that is taken back; null: C := L. */
    readonly change: Sections | null;
    readonly patterns: readonly string[] | undefined;
    readonly home: string;
    readonly secretOf: SecretOf;
  },
): SqlRestore {
  const before = patterns === undefined ? wanted : partOf(wanted, live, onlyOf(patterns));
  const units = planRevertSql({ before, change, live, secretOf });
  const runs = runsOf(units, home);
  return {
    items: units.filter(({ statements }) => statements.length > 0).flatMap(({ items }) => items),
    keys: [...catalogKeysOf(wanted), ...catalogKeysOf(live)],
    runs,
    diff: sqlDiff(
      runs.map(({ database, statements }) => ({ database, statements: statements.map(({ shown }) => shown) })),
    ),
    warnings: units.flatMap(warningsOf),
  };
}

/** Shared things first, as the units come; each database once. */
function runsOf(units: readonly SqlUnit[], home: string): readonly BackRun[] {
  const runs = new Map<string, { database: string; statements: Statement[] }>();
  for (const { database, statements } of units) {
    const key = database === null ? '' : `database ${database}`;
    const run = runs.get(key) ?? { database: database ?? home, statements: [] };
    run.statements.push(...statements);
    if (run.statements.length > 0) runs.set(key, run);
  }
  return [...runs.values()];
}

/** What stays as it is, and why; the rest goes back all the same. */
function warningsOf({ problem, items, conflicts }: SqlUnit): readonly string[] {
  const stays = items.filter(({ decision }) => decision === 'not-revertible' && problem === null);
  return [...(problem === null ? [] : [inWords(problem)]), ...stays.map(({ summary }) => summary), ...conflicts];
}

function inWords({ message, detail }: Problem): string {
  return `not put back: ${[message, detail].filter(Boolean).join(': ')}`;
}
