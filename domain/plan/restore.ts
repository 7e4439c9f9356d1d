/** Plans the way back to an earlier snapshot: a revert with C := L, whole or in part, as the change that it is. */
import { type ConfTree, effectiveAssignments, treeOf } from '../conf/conf-tree.ts';
import { restoreSetting } from '../conf/restore-setting.ts';
import type { PlanItem, PlanSummary } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { type Raise, raisesIn } from '../standby.ts';
import { type FileDecision, fileItem, sameState } from '../revert/plan.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import type { FileSet, FileState } from '../snapshot/files.ts';
import { hashOf } from '../snapshot/hash.ts';
import { type Ahead, lookAhead, valuesOf } from './ahead.ts';
import type { Overlay, PlanContext, PlannedFile } from './context.ts';
import { itemsOfSettings } from './items.ts';
import { meaningless, onlyOf } from './only.ts';
import type { SqlRestore } from './restore-sql.ts';
import { digests, restartProblems, textChanges, warningsOf } from './outcome.ts';
import { type RiskReason, greatestRisk, restartReason } from './risk.ts';
import { cappedItems, greatestEffect } from './summary.ts';
import { capped, unifiedDiff } from './unified-diff.ts';

export interface RestoreInput {
  readonly snapshotId: string;
  readonly patterns: readonly string[] | undefined;
  readonly restart: 'allowed' | 'forbidden';
  /** S': what is gone back to. */
  readonly wanted: FileSet;
  /** L, those files of S' included that nothing leads to any more. */
  readonly live: FileSet;
  readonly decisions: readonly FileDecision[];
  /** What SQL puts back, `patterns` applied already. */
  readonly sql: SqlRestore;
}

export interface RestoredFile extends PlannedFile {
  /** Mode and owner too; null: to be removed. */
  readonly want: FileState | null;
}

export type RestorePlanned =
  | {
      readonly kind: 'planned';
      readonly summary: PlanSummary;
      readonly files: readonly RestoredFile[];
      readonly raises: readonly Raise[];
      /** The files as they would be. */
      readonly overlay: Overlay;
      /** The values that the files would give, by lower-cased name. */
      readonly values: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export function planRestore(context: PlanContext, input: RestoreInput): RestorePlanned {
  const { patterns, decisions, live, wanted, sql } = input;
  const only = onlyOf(patterns);
  const chosen = decisions.filter(({ path, want }) => only(`file:${path}`) && !sameState(want, live.get(path) ?? null));
  const overlay = new Map(chosen.map(({ path, want }) => [path, want?.content ?? null]));
  const edits = patterns === undefined ? noEdits : editSettings(context, input, overlay);
  const ahead = lookAhead(context, overlay, null);
  // Its secrets do not travel: they come out of the sealed snapshot.
  const problems = [...edits.problems, ...ahead.problems.filter(({ code }) => code !== 'secret-literal')];
  problems.push(...strays(ahead, edits, treeOf(wanted, context.paths.config, context.paths.auto)));

  const files = [
    ...chosen.map((decision) => restored(decision.path, decision.want, input)),
    ...[...edits.paths].map((path) => {
      const was = live.get(path);
      const content = overlay.get(path) ?? '';
      return restored(path, was === undefined ? null : { ...was, content }, input);
    }),
  ].sort((a, b) => byCodeUnit(a.path, b.path));
  const items: readonly PlanItem[] = [
    ...chosen.map((decision) => fileItem(decision, live.get(decision.path) ?? null)),
    ...[...edits.paths].map((path) => editItem(path, edits.names)),
    ...itemsOfSettings(context, ahead.now, ahead.then, []),
    ...sql.items,
  ];
  const effect = greatestEffect(items);
  problems.push(...restartProblems(context, { kind: 'config', restart: input.restart }, items));
  problems.push(...unknownItems(patterns, [...namedKeys(context, input, ahead), ...sql.keys]));
  if (problems.length > 0) return { kind: 'refused', problems };

  const reasons: readonly RiskReason[] = [
    { rule: 'access', text: 'an earlier state of files, roles and grants comes back' },
    ...(effect === 'restart' ? [restartReason] : []),
  ];
  const summary: PlanSummary = {
    hash: hashOf({
      restore: input.snapshotId,
      files: files.map((file) => [...digests(context, file), file.want?.mode, file.want?.uid, file.want?.gid]),
      sql: sql.runs.map(({ database, statements }) => [database, statements.map(({ shown }) => shown)]),
      items: items.map(({ key, action, effect: takes }) => [key, action, takes]),
    }),
    ...cappedItems(items),
    effect,
    // Files that decide access, roles, grants: an earlier state is nobody's small change.
    risk: greatestRisk(reasons),
    reasons,
    diff: capped(unifiedDiff(textChanges(context, files, new Map())) + sql.diff),
    warnings: [...warningsOf(context, items), ...sql.warnings],
  };
  const raises = effect === 'restart' ? raisesIn(context.settings, ahead.then) : [];
  return { kind: 'planned', summary, files, raises, overlay, values: valuesOf(ahead.then) };
}

interface Edits {
  readonly names: readonly string[];
  readonly paths: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

const noEdits: Edits = { names: [], paths: new Set(), problems: [] };

/** Single settings: their lines alone go back, in each file that has or had some. */
function editSettings(
  context: PlanContext,
  { patterns, wanted, live }: RestoreInput,
  overlay: Map<string, string | null>,
): Edits {
  const only = onlyOf(patterns);
  const now = lookAhead(context, new Map(), null).now;
  const names = [
    ...new Set([...namesIn(treeOf(wanted, context.paths.config, context.paths.auto)), ...namesIn(now)]),
  ].filter((name) => settingKeys(context, name).some(only));
  const paths = new Set<string>();
  const problems: Problem[] = [];
  const confs = new Set(
    [...wanted.values(), ...live.values()].filter(({ role }) => confRoles.has(role)).map(({ path }) => path),
  );
  for (const name of names)
    for (const path of confs) {
      if (overlay.has(path) && !paths.has(path)) continue;
      const [older, content] = [
        wanted.get(path)?.content ?? null,
        overlay.get(path) ?? live.get(path)?.content ?? null,
      ];
      const isAuto = path === context.paths.auto;
      const next = content === null ? null : restoreSetting(name, older, content, isAuto);
      if (next === content) continue;
      if (next === null) {
        if (older !== null && restoreSetting(name, older, '', isAuto) !== '') problems.push(noPlaceFor(name, path));
        continue;
      }
      overlay.set(path, next);
      paths.add(path);
    }
  return { names, paths, problems };
}

const confRoles: ReadonlySet<string> = new Set(['main', 'auto', 'include']);

function noPlaceFor(name: string, path: string): Problem {
  return {
    code: 'no-such-file',
    message: `setting "${name}" stood in ${path}, which is gone or cannot be edited`,
    hint: `Restore the file too: --only 'file:${path}'.`,
  };
}

/** A line that is back and still does not decide: another file comes after it now. */
function strays(ahead: Ahead, { names }: Edits, tree: ConfTree): readonly Problem[] {
  const [then, was] = [effectiveAssignments(ahead.then), effectiveAssignments(tree)];
  return names
    .filter((name) => then.get(name)?.value !== was.get(name)?.value)
    .map((name) => ({
      code: 'setting-elsewhere',
      message: `setting "${name}" alone cannot go back to its value`,
      detail: `${then.get(name)?.file ?? 'No file'} would decide it, as files are included now.`,
      hint: 'Restore the files too.',
    }));
}

function namesIn({ assignments }: ConfTree): readonly string[] {
  return assignments.map(({ name }) => name.toLowerCase());
}

function restored(path: string, want: FileState | null, { wanted, live }: RestoreInput): RestoredFile {
  const before = live.get(path) ?? null;
  const role = wanted.get(path)?.role ?? before?.role ?? 'include';
  return { path, role, before, after: want?.content ?? null, want };
}

function editItem(path: string, names: readonly string[]): PlanItem {
  const summary = `${path}: lines of ${names.join(', ')} as they were`;
  return { key: `file:${path}`, section: 'files', action: 'write', effect: 'reload', summary };
}

/** PostgreSQL compares names without case, people need not know its own spelling. */
function settingKeys({ settings }: PlanContext, name: string): readonly string[] {
  return [`setting:${name}`, `setting:${settings.get(name)?.name ?? name}`];
}

function namedKeys(context: PlanContext, { wanted, live }: RestoreInput, { now, then }: Ahead): readonly string[] {
  const names = new Set([...namesIn(now), ...namesIn(then), ...context.settings.keys()]);
  const settings = [...names].flatMap((name) => settingKeys(context, name));
  return [...[...wanted.keys(), ...live.keys()].map((path) => `file:${path}`), ...settings];
}

function unknownItems(patterns: readonly string[] | undefined, keys: readonly string[]): readonly Problem[] {
  return meaningless(patterns, keys).map((pattern) => ({
    code: 'unknown-item',
    message: `"${pattern}" is in neither the snapshot nor the server`,
    hint: 'Items are named as "knowngood snapshot diff" names them, such as file:/etc/…/pg_hba.conf, setting:work_mem or object:shop:table:public.images.',
  }));
}
