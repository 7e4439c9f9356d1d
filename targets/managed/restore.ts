/** Plans the way back of a managed target to an earlier snapshot, as a change of its own. Never writes. */
import { type Path, pathText } from '../../domain/managed/document.ts';
import { editsOf, planDocumentBack } from '../../domain/managed/three-way.ts';
import { declaredRules, pathsIn } from '../../domain/managed/views.ts';
import { nothingClosed } from '../../domain/never-reopen.ts';
import { onlyOf } from '../../domain/plan/only.ts';
import { planRestore } from '../../domain/plan/restore.ts';
import { hashOf } from '../../domain/snapshot/hash.ts';
import { statesOfPlan } from '../postgres/access.ts';
import { fileSetOf } from '../postgres/capture.ts';
import { withRisk } from '../postgres/plan.ts';
import { parseSql } from '../postgres/sql-parser.ts';
import { otherMajor, wayBack } from '../postgres/way-back.ts';
import type { Captured, ChangeStep, Target } from '../target.ts';
import { otherCluster } from './identity.ts';
import { linesOf } from './keep-closed.ts';
import type { Owner } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';
import { contextOf, managedOf } from './context.ts';
import { pauseProblems, standbyProblems, warningsOf } from './objections.ts';
import { orderOf } from './plan.ts';

type PlanRestore = Target['planRestore'];

export async function planManagedRestore(
  parts: ManagedParts,
  ...[before, wanted, restore, as]: Parameters<PlanRestore>
): ReturnType<PlanRestore> {
  const { allowance, asked = [], neverReopen = nothingClosed, change = null } = as;
  const other = (then: Captured) => otherCluster(then, before) ?? otherMajor(before, then);
  const strange = other(wanted) ?? (change === null ? null : other(change));
  if (strange !== null) return { kind: 'refused', problems: [strange] };
  const { restart = 'forbidden', only: patterns, snapshot: snapshotId } = restore;
  const { owner } = parts;
  const owned = await owner.read();
  const leader = parts.on(leaderOf(owned, owner));
  const undeclared = undeclarable(owner, before, wanted);
  const declared = (one: Captured) => new Map([...fileSetOf(one)].filter(([path]) => !undeclared.has(path)));
  const [old, live, changed] = [declared(wanted), declared(before), change === null ? null : declared(change)];
  const absent = Object.values(pathsIn(before.facts.dataDirectory));
  const way = wayBack(leader, { before, wanted, change, changed, old, live, absent, restore, neverReopen });
  const { decisions, sql, entries, people, runs } = way;
  const context = await contextOf(parts, before, { kind: 'config', restart }, allowance, owned);
  const planned = planRestore(context, { snapshotId, patterns, restart, wanted: old, live, decisions, sql });
  if (planned.kind === 'refused') return planned;
  const back = planDocumentBack(managedOf(wanted).document, documentOf(change), managedOf(before).document);
  const isMeant = meant(owner, before, patterns);
  const rules = planned.files.find(({ role }) => role === 'hba')?.after;
  const edits = editsOf(back)
    .filter(({ path }) => isMeant(path))
    // As it is written where somebody must stay out.
    .map((edit) => (isRules(owner, edit.path) && rules != null ? { ...edit, to: linesOf(rules) } : edit));
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
    warnings: [...way.warnings, ...seen.warnings, ...warningsOf(parts, owned, seen, orderOf(context, planned))],
  };
  const steps: readonly ChangeStep[] = [
    ...runs,
    ...(edits.length === 0 ? [] : [{ do: 'declare', edits } as const]),
    ...(seen.effect === 'restart' ? [{ do: 'restart' } as const] : []),
  ];
  const { systemIdentifier, dataDirectory } = before.facts;
  return { kind: 'planned', plan: { summary, server: { systemIdentifier, dataDirectory }, steps } };
}

function documentOf(change: Captured | null) {
  return change === null ? null : managedOf(change).document;
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

function isRules({ places: { hba } }: Owner, path: Path): boolean {
  return hba !== null && pathText(path) === pathText(hba);
}
