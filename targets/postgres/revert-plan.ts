/** What a revert would do: the three-way decisions over the files on disk, and the running values that follow. */
import { type ConfTree, effectiveAssignments, treeOf } from '../../domain/conf/conf-tree.ts';
import { basename, dirname, isIncludable } from '../../domain/conf/paths.ts';
import { pairs } from '../../domain/snapshot/diff.ts';
import type { FileSet } from '../../domain/snapshot/files.ts';
import type { RevertItem } from '../../domain/plan.ts';
import { type FileDecision, fileItem, planRevertFiles, sameState } from '../../domain/revert/plan.ts';
import { type NeverReopen, nothingClosed } from '../../domain/never-reopen.ts';
import type { Problem } from '../../domain/problem.ts';
import { revertSettings, startedDifferently } from '../../domain/revert/settings.ts';
import type { SettingEntry, Snapshot } from '../../domain/snapshot.ts';
import type { Captured } from '../target.ts';
import { type FilesOnDisk, autoConfOf, readFiles } from './capture-files.ts';
import { fileSetOf } from './capture.ts';
import { closeFiles, withoutMarks } from './keep-closed.ts';
import { mergedBefore } from './merge-record.ts';

export interface RevertPlan {
  readonly decisions: readonly FileDecision[];
  readonly onDisk: FilesOnDisk;
  /** S. */
  readonly before: FileSet;
  /** What stays closed by it. */
  readonly held: readonly Problem[];
}

/** Reads the disk and decides; without SQL. `changeId` null: nothing was attempted yet. */
export async function planFilesBack(
  before: Captured,
  change: Captured | null,
  changeId: string | null,
  list: NeverReopen = nothingClosed,
): Promise<RevertPlan> {
  const onDisk = await filesInQuestion(before, change);
  const old = fileSetOf(before);
  const id = changeId ?? '';
  const live = withoutMarks(onDisk.files, id);
  const planned = planRevertFiles({
    before: old,
    change: change === null ? null : fileSetOf(change),
    live,
    changeListed: change === null ? null : change.facts.listed,
    listed: before.facts.listed,
    absent: absentIn(before),
    merged: changeId === null ? new Set() : await mergedBefore(live, changeId),
  });
  const marked = [...live].flatMap(([path, file]): readonly FileDecision[] => {
    const isMarked = file.content !== onDisk.files.get(path)?.content && !planned.some((one) => one.path === path);
    return isMarked ? [{ path, role: file.role, decision: 'nothing', want: file, keep: null }] : [];
  });
  const all = [...planned, ...marked];
  const { decisions, held } = closeFiles(all, { before, change, live: onDisk.files, list, id });
  // What only an earlier attempt has written goes, where it may.
  const opened = decisions.map((decision): FileDecision => {
    const { decision: what, path, want } = decision;
    return what === 'nothing' && !sameState(want, onDisk.files.get(path) ?? null)
      ? { ...decision, decision: 'restore' }
      : decision;
  });
  return { decisions: opened, onDisk, before: old, held };
}

/** The server looks for these whether they are there or not. */
export function absentIn({ snapshot, files, facts }: Captured): readonly string[] {
  const missing = (snapshot?.sections.files ?? [])
    .filter(({ role }) => role === 'missing-include')
    .map(({ path }) => path);
  const always = [facts.paths.config, facts.paths.hba, facts.paths.ident, autoConfOf(facts.dataDirectory)];
  return [...missing, ...always.filter((path) => !files.some((file) => file.path === path))];
}

/** What is on disk of everything that S or C held, or would read; a revert is proven against it. */
export async function filesInQuestion(before: Captured, change: Captured | null): Promise<FilesOnDisk> {
  const held = [...before.files, ...(change?.files ?? [])].map(({ path }) => path);
  if (change !== null) {
    const folders = [...laid(before, change.facts.listed), ...laid(change, before.facts.listed)];
    return readFiles(before.facts, [...held, ...folders, ...rulesOf(before, fileSetOf(change))]);
  }
  const live = await readFiles(before.facts, held);
  const unread = [...laid(before, live.listed), ...rulesOf(before, live.files)].filter((path) => !live.files.has(path));
  return unread.length === 0 ? live : readFiles(before.facts, [...held, ...unread]);
}

/** Where the rules and maps are read from by now; S may have had them elsewhere. */
function rulesOf({ facts }: Captured, files: FileSet): readonly string[] {
  const set = effectiveAssignments(confOf(facts, files));
  return ['hba_file', 'ident_file']
    .flatMap((name) => set.get(name)?.value ?? [])
    .filter((path) => path.startsWith('/'));
}

function confOf({ paths, dataDirectory }: Captured['facts'], files: FileSet): ConfTree {
  return treeOf(files, paths.config, autoConfOf(dataDirectory));
}

/** What only a restart restores, by what S, C and the disk before the revert say: for while SQL does not answer. */
export function startedOtherwise(
  { facts }: Captured,
  change: Captured | null,
  { before, onDisk }: RevertPlan,
): readonly string[] {
  const others = [onDisk.files, ...(change === null ? [] : [fileSetOf(change)])];
  const was = confOf(facts, before);
  return [...new Set(others.flatMap((files) => startedDifferently(was, confOf(facts, files), facts.contexts)))];
}

/** Came into a folder that `one` includes, perhaps while nothing did: whoever goes back to `one` would have it read. */
function laid({ facts, includeDirs }: Captured, { files }: Captured['facts']['listed']): readonly string[] {
  const had = new Set(facts.listed.files);
  return files.filter((path) => includeDirs.includes(dirname(path)) && isIncludable(basename(path)) && !had.has(path));
}

/** `live` null: SQL does not answer, or everything is back already and shall be told as it was. */
export function itemsOf(
  { decisions, onDisk }: RevertPlan,
  before: Captured,
  change: Snapshot | null,
  live: Snapshot | null,
): readonly RevertItem[] {
  const s = before.snapshot?.sections;
  const c = (change ?? live)?.sections;
  return [
    ...decisions.map((decision) => fileItem(decision, onDisk.files.get(decision.path) ?? null)),
    ...(s === undefined || c === undefined
      ? []
      : revertSettings(s.settings, c.settings, live?.sections.settings ?? null)),
  ];
}

/** Settings that the change changed, running or waiting for a restart; C unknown: those that live has different. */
export function settingsInScope(before: Captured, change: Captured | null, live: Snapshot | null): ReadonlySet<string> {
  const [s, c] = [before.snapshot?.sections.settings ?? [], (change?.snapshot ?? live)?.sections.settings ?? []];
  const changed = (from: SettingEntry | null, to: SettingEntry | null): boolean =>
    from?.value !== to?.value ||
    from?.pendingRestart !== to?.pendingRestart ||
    (to?.context === 'postmaster' && from?.source !== to.source);
  return new Set(
    pairs(s, c, 'name')
      .filter(({ from, to }) => c.length > 0 && changed(from, to))
      .map(({ id }) => id),
  );
}
