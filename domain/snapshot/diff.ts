/** What differs between two snapshots, item by item. */
import { byCodeUnit, canonicalJson } from './canonical.ts';
import { showValue } from '../conf/setting-value.ts';
import { diffCatalogs } from './diff-catalog.ts';
import { type DiffItem, item } from './diff-item.ts';
import { diffDatabases, diffMemberships, diffShared } from './diff-shared.ts';
import type { FileEntry, RoleEntry, Sections, SettingEntry, Snapshot } from '../snapshot.ts';

export type { DiffItem } from './diff-item.ts';

/** Sorted by section and key. A setting's place in a file is no difference; its value, source and pending state are. */
export function diffSnapshots(before: Snapshot, after: Snapshot): readonly DiffItem[] {
  const [a, b] = [before.sections, after.sections];
  // A section that an older release did not read yet is not known, which is no difference.
  const isSame = (section: keyof Sections): boolean =>
    before.hashes[section] === after.hashes[section] || !(section in a) || !(section in b);
  return [
    ...(isSame('server') ? [] : diffServer(a, b)),
    ...(isSame('files') ? [] : pairs(a.files, b.files, 'path').flatMap(fileItem)),
    ...(isSame('settings') ? [] : pairs(a.settings, b.settings, 'name').flatMap(settingItem)),
    ...(isSame('roles') ? [] : pairs(a.roles, b.roles, 'name').flatMap(roleItem)),
    ...(isSame('memberships') ? [] : diffMemberships(a, b)),
    ...(isSame('databases') ? [] : diffDatabases(a, b)),
    ...(isSame('shared') ? [] : diffShared(a, b)),
    ...(isSame('catalogs') ? [] : diffCatalogs(a, b)),
  ];
}

type Pair<T> = { readonly id: string; readonly from: T | null; readonly to: T | null };

/** Both sides of every id, sorted. */
export function pairs<K extends string, T extends Readonly<Record<K, string>>>(
  a: readonly T[],
  b: readonly T[],
  key: K,
): readonly Pair<T>[] {
  const [left, right] = [
    new Map(a.map((item) => [item[key] as string, item])),
    new Map(b.map((item) => [item[key] as string, item])),
  ];
  return [...new Set([...left.keys(), ...right.keys()])]
    .sort(byCodeUnit)
    .map((id) => ({ id, from: left.get(id) ?? null, to: right.get(id) ?? null }));
}

function diffServer(a: Sections, b: Sections): readonly DiffItem[] {
  return (Object.keys(a.server) as (keyof Sections['server'])[])
    .filter((field) => a.server[field] !== b.server[field])
    .map((field) => item('server', `server:${field}`, 'changed', `${field}: ${a.server[field]} → ${b.server[field]}`));
}

export function sameFile(a: FileEntry, b: FileEntry): boolean {
  return a.digest === b.digest && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

function fileItem({ id, from, to }: Pair<FileEntry>): readonly DiffItem[] {
  const [was, is] = [present(from), present(to)];
  if (was === null && is === null) return [];
  if (was === null) return [item('files', `file:${id}`, 'added', `${id}: added`)];
  if (is === null) return [item('files', `file:${id}`, 'removed', `${id}: removed`)];
  if (sameFile(was, is)) return [];
  const what = [
    ...(was.digest === is.digest ? [] : ['content']),
    ...(was.mode === is.mode ? [] : [`mode ${was.mode} → ${is.mode}`]),
    ...(was.uid === is.uid && was.gid === is.gid ? [] : [`owner ${was.uid}:${was.gid} → ${is.uid}:${is.gid}`]),
  ];
  return [item('files', `file:${id}`, 'changed', `${id}: ${what.join(', ')}`)];
}

function present(entry: FileEntry | null): FileEntry | null {
  return entry === null || entry.role === 'missing-include' ? null : entry;
}

function settingItem({ id, from, to }: Pair<SettingEntry>): readonly DiffItem[] {
  if (from === null) return [item('settings', `setting:${id}`, 'added', `${id}: ${shown(to)} (new)`)];
  if (to === null) return [item('settings', `setting:${id}`, 'removed', `${id}: ${shown(from)} (gone)`)];
  if (from.value !== to.value)
    return [item('settings', `setting:${id}`, 'changed', `${id}: ${shown(from)} → ${shown(to)}`)];
  if (from.pendingRestart !== to.pendingRestart)
    return [
      item(
        'settings',
        `setting:${id}`,
        'changed',
        `${id}: ${to.pendingRestart ? 'waits for a restart' : 'no longer waits for a restart'}`,
      ),
    ];
  if (from.source === to.source && from.sourceFile === to.sourceFile) return [];
  return [item('settings', `setting:${id}`, 'changed', `${id}: set by ${placed(to)} instead of ${placed(from)}`)];
}

function shown(entry: SettingEntry | null): string {
  if (entry === null) return '–';
  // Whether it is a number is told by the unit alone here; a unit never belongs to a string.
  return showValue({ vartype: 'integer', unit: entry.unit }, entry.value);
}

function placed(entry: SettingEntry): string {
  return entry.sourceFile ?? entry.source;
}

function roleItem({ id, from, to }: Pair<RoleEntry>): readonly DiffItem[] {
  const name = id === '' ? 'all roles' : id;
  if (from === null) return [item('roles', `role:${id}`, 'added', `role ${name}: added`)];
  if (to === null) return [item('roles', `role:${id}`, 'removed', `role ${name}: removed`)];
  const fields = (Object.keys(from) as (keyof RoleEntry)[]).filter(
    (field) => canonicalJson(from[field]) !== canonicalJson(to[field]),
  );
  return fields.length === 0
    ? []
    : [item('roles', `role:${id}`, 'changed', `role ${name}: ${fields.join(', ')} changed`)];
}
