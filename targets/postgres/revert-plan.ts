/** What a revert would do: the three-way decisions over the files on disk, and the running values that follow. */
import { pairs } from '../../domain/snapshot/diff.ts';
import { canonicalJson } from '../../domain/snapshot/canonical.ts';
import type { FileSet } from '../../domain/snapshot/files.ts';
import type { RevertItem } from '../../domain/plan.ts';
import { type FileDecision, fileItem, planRevertFiles } from '../../domain/revert/plan.ts';
import { revertSettings } from '../../domain/revert/settings.ts';
import type { RoleEntry, SettingEntry, Snapshot } from '../../domain/snapshot.ts';
import type { Captured } from '../target.ts';
import { type FilesOnDisk, autoConfOf, readFiles } from './capture-files.ts';
import { fileSetOf } from './capture.ts';
import { mergedBefore } from './merge-record.ts';
import { systemIdentifierOf } from './postmaster.ts';
import { TargetError } from './target-error.ts';

export interface RevertPlan {
  readonly decisions: readonly FileDecision[];
  readonly onDisk: FilesOnDisk;
  /** S. */
  readonly before: FileSet;
}

/** Reads the disk and decides; without SQL. `changeId` null: nothing was attempted yet. */
export async function planFilesBack(
  before: Captured,
  change: Captured | null,
  changeId: string | null,
): Promise<RevertPlan> {
  const onDisk = await filesInQuestion(before, change);
  const old = fileSetOf(before);
  const decisions = planRevertFiles({
    before: old,
    change: change === null ? null : fileSetOf(change),
    live: onDisk.files,
    listed: before.facts.listed,
    absent: absentIn(before),
    merged: changeId === null ? new Set() : await mergedBefore(onDisk.files, changeId),
  });
  return { decisions, onDisk, before: old };
}

/** The server looks for these whether they are there or not. */
export function absentIn({ snapshot, files, facts }: Captured): readonly string[] {
  const missing = (snapshot?.sections.files ?? [])
    .filter(({ role }) => role === 'missing-include')
    .map(({ path }) => path);
  const always = [facts.paths.config, facts.paths.hba, facts.paths.ident, autoConfOf(facts.dataDirectory)];
  return [...missing, ...always.filter((path) => !files.some((file) => file.path === path))];
}

/** What is on disk of everything that S or C held; a revert is proven against it. */
export async function filesInQuestion(before: Captured, change: Captured | null): Promise<FilesOnDisk> {
  const also = [...new Set([...before.files, ...(change?.files ?? [])].map(({ path }) => path))];
  return readFiles(before.facts, also);
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

/** Roles are seen and reported, and left to people: SQL is not put back yet. */
export function roleItems(before: Captured, changed: Snapshot | null, live: Snapshot | null): readonly RevertItem[] {
  const rolesOf = (snapshot: Snapshot | null): readonly RoleEntry[] => snapshot?.sections.roles ?? [];
  const [s, c, l] = [rolesOf(before.snapshot), rolesOf(changed ?? live), rolesOf(live ?? changed)];
  const now = new Map(l.map((role) => [role.name, role]));
  return pairs(s, c, 'name').flatMap(({ id, from, to }): RevertItem[] => {
    const is = now.get(id) ?? null;
    if (c.length === 0 || canonicalJson(from) === canonicalJson(to) || canonicalJson(from) === canonicalJson(is))
      return [];
    const name = id === '' ? 'all roles' : `role ${id}`;
    const what =
      from === null ? 'was added' : is === null ? 'is gone' : `differs: ${fieldsThatDiffer(from, is).join(', ')}`;
    return [
      {
        key: `role:${id}`,
        section: 'roles',
        action: 'none',
        effect: 'none',
        summary: `${name} ${what}`,
        decision: 'not-revertible',
        note: 'roles are not put back by this version: do it by hand',
      },
    ];
  });
}

function fieldsThatDiffer(a: RoleEntry, b: RoleEntry): readonly string[] {
  return (Object.keys(a) as (keyof RoleEntry)[]).filter((field) => canonicalJson(a[field]) !== canonicalJson(b[field]));
}

/** Settings that the change changed, running or waiting for a restart; C unknown: those that live has different. */
export function settingsInScope(before: Captured, change: Captured | null, live: Snapshot | null): ReadonlySet<string> {
  const [s, c] = [before.snapshot?.sections.settings ?? [], (change?.snapshot ?? live)?.sections.settings ?? []];
  const changed = (from: SettingEntry | null, to: SettingEntry | null): boolean =>
    from?.value !== to?.value || from?.pendingRestart !== to?.pendingRestart;
  return new Set(
    pairs(s, c, 'name')
      .filter(({ from, to }) => c.length > 0 && changed(from, to))
      .map(({ id }) => id),
  );
}

/** Another cluster in the same folder is not the one whose files these were. */
export async function checkIdentity({ facts }: Captured): Promise<void> {
  const found = await systemIdentifierOf(facts.dataDirectory);
  if (found === null || found === facts.systemIdentifier) return;
  throw new TargetError('NotApplied', [
    {
      code: 'other-server',
      message: `${facts.dataDirectory} holds another server than the one that was changed`,
      detail: `Its system identifier is ${found}, it was ${facts.systemIdentifier}.`,
      hint: 'Nothing was written. Give the change up with "knowngood rescue --abandon" once you know why.',
    },
  ]);
}
