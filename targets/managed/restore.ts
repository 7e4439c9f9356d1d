/** Plans the way back of a managed target to an earlier snapshot, as a change of its own. Never writes. */
import { type Path, pathText } from '../../domain/managed/document.ts';
import { editsOf, planDocumentBack } from '../../domain/managed/three-way.ts';
import { declaredRules, pathsIn } from '../../domain/managed/views.ts';
import { onlyOf } from '../../domain/plan/only.ts';
import { planRestore } from '../../domain/plan/restore.ts';
import type { Problem } from '../../domain/problem.ts';
import { planRevertFiles } from '../../domain/revert/plan.ts';
import { hashOf } from '../../domain/snapshot/hash.ts';
import { statesOfPlan } from '../postgres/access.ts';
import { fileSetOf } from '../postgres/capture.ts';
import { withRisk } from '../postgres/plan.ts';
import { sqlBack } from '../postgres/restore.ts';
import { parseSql } from '../postgres/sql-parser.ts';
import type { Captured, ChangeStep, Target } from '../target.ts';
import { otherCluster } from './identity.ts';
import type { Owner } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { contextOf, managedOf, orderOf, pauseProblems, standbyProblems, warningsOf } from './plan.ts';

type PlanRestore = Target['planRestore'];

export async function planManagedRestore(
  parts: ManagedParts,
  ...[before, wanted, restore, allowance, asked = []]: Parameters<PlanRestore>
): ReturnType<PlanRestore> {
  const strange = otherCluster(wanted, before) ?? otherMajor(before, wanted);
  if (strange !== null) return { kind: 'refused', problems: [strange] };
  const { restart = 'forbidden', only: patterns, snapshot: snapshotId } = restore;
  const { owner } = parts;
  const owned = await owner.read();
  const leader = parts.on(leaderOf(owned, owner));
  const undeclared = undeclarable(owner, before, wanted);
  const old = new Map([...fileSetOf(wanted)].filter(([path]) => !undeclared.has(path)));
  const live = new Map([...fileSetOf(before)].filter(([path]) => !undeclared.has(path)));
  const decisions = planRevertFiles({
    before: old,
    change: null,
    live,
    changeListed: null,
    listed: wanted.facts.listed,
    absent: Object.values(pathsIn(before.facts.dataDirectory)),
    merged: new Set(),
  });
  const sql = sqlBack(leader, before, wanted, patterns);
  const people = patterns === undefined ? (wanted.snapshot?.sections ?? null) : null;
  const entries = sql.runs.flatMap(({ database, statements }) =>
    statements.map((one) => ({ database: database ?? leader.endpoint.database, statement: one.sql })),
  );
  const context = await contextOf(parts, before, { kind: 'config', restart }, allowance, owned);
  const planned = planRestore(context, { snapshotId, patterns, restart, wanted: old, live, decisions, sql });
  if (planned.kind === 'refused') return planned;
  const back = planDocumentBack(managedOf(wanted).document, null, managedOf(before).document);
  const isMeant = meant(owner, before, patterns);
  const edits = editsOf(back).filter(({ path }) => isMeant(path));
  const problems = [
    ...(edits.length > 0 ? await owner.obstacles() : []),
    ...pauseProblems(parts, owned, planned.summary),
    ...(await standbyProblems(parts, leader, planned.raises)),
  ];
  if (problems.length > 0) return { kind: 'refused', problems };
  const parsed = await parseSql(patterns === undefined ? [] : entries);
  const states = statesOfPlan({ ...context, sql: { ...context.sql, parsed } }, before, planned, people);
  const seen = await withRisk(leader, planned.summary, states, asked);
  const summary = {
    ...seen,
    hash: hashOf({ plan: seen.hash, edits }),
    warnings: [...seen.warnings, ...warningsOf(parts, owned, seen, orderOf(context, planned))],
  };
  const runs = sql.runs.map(({ database, statements }): ChangeStep => {
    return { do: 'sql', database, statements: statements.map((one) => one.sql), restoring: true };
  });
  const steps: readonly ChangeStep[] = [
    ...runs,
    ...(edits.length === 0 ? [] : [{ do: 'declare', edits } as const]),
    ...(seen.effect === 'restart' ? [{ do: 'restart' } as const] : []),
  ];
  const { systemIdentifier, dataDirectory } = before.facts;
  return { kind: 'planned', plan: { summary, server: { systemIdentifier, dataDirectory }, steps } };
}

/** Views of what the members have from elsewhere: no declaration brings it back. */
function undeclarable({ places }: Owner, before: Captured, wanted: Captured): ReadonlySet<string> {
  const paths = pathsIn(before.facts.dataDirectory);
  const declared = [before, wanted].every((one) => declaredRules(managedOf(one).document, places) !== null);
  return new Set([paths.ident, ...(declared ? [] : [paths.hba])]);
}

function meant(
  { places }: Owner,
  { facts }: Captured,
  patterns: readonly string[] | undefined,
): (path: Path) => boolean {
  const only = onlyOf(patterns);
  const paths = pathsIn(facts.dataDirectory);
  const { parameters, hba } = places;
  return (path) => {
    if (hba !== null && pathText(path) === pathText(hba)) return only(`file:${paths.hba}`);
    if (path.length <= parameters.length || !parameters.every((key, at) => key === path[at]))
      return only(`file:${paths.declared}`);
    return only(`file:${paths.auto}`) || only(`setting:${path.at(-1)}`);
  };
}

function otherMajor({ facts: now }: Captured, { facts: then }: Captured): Problem | null {
  const major = (versionNum: number): number => Math.floor(versionNum / 10_000);
  if (major(now.versionNum) === major(then.versionNum)) return null;
  return {
    code: 'other-version',
    message: `the snapshot is of PostgreSQL ${major(then.versionNum)}, this is ${major(now.versionNum)}`,
    detail: 'Settings come, go and change their meaning between major versions.',
    hint: 'Take what you need from "knowngood snapshot show" into a change of your own.',
  };
}
