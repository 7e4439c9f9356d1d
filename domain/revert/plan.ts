/** The three-way plan of a revert: S before the change, C right after it, L live now. Files decide, settings follow. */
import { byCodeUnit } from '../snapshot/canonical.ts';
import {
  type ConfigFile,
  type FileSet,
  type FileState,
  isAccessFile,
  isNamedFile,
  modeText,
} from '../snapshot/files.ts';
import { type Merged, mergeAutoConf, mergeLines } from './merge.ts';
import { parseConf } from '../conf/conf-file.ts';
import { dirname } from '../conf/paths.ts';
import type { RevertItem } from '../plan.ts';
import type { FileRole } from '../snapshot.ts';

export interface FileDecision {
  readonly path: string;
  readonly role: FileRole;
  readonly decision: Exclude<RevertItem['decision'], 'not-revertible'>;
  /** What the file shall be in the end, null: not there. Equal to live when nothing is to be written. */
  readonly want: FileState | null;
  /** Somebody else's version, kept beside when it gives way. */
  readonly keep: FileState | null;
  /** What it would be but for those who must stay out; absent: as `want`. */
  readonly otherwise?: FileState;
  readonly note?: string;
}

export interface RevertInput {
  readonly before: FileSet;
  /** null: unknown, then C := L. */
  readonly change: FileSet | null;
  readonly live: FileSet;
  /** What C saw in its folders; null: C is unknown. */
  readonly changeListed: RevertInput['listed'] | null;
  /** What S saw in its folders (subfolders end in a slash): a file outside of them may have been there, unread. */
  readonly listed: { readonly folders: readonly string[]; readonly files: readonly string[] };
  /** Paths that S looked for and did not find, such as the targets of include_if_exists. */
  readonly absent: readonly string[];
  /** Files that live are as an earlier attempt of this very revert merged them: a merge is not to be merged again. */
  readonly merged: ReadonlySet<string>;
}

/** Every file that the change touched, with what becomes of it; sorted by path. Others do not appear. */
export function planRevertFiles({
  before,
  change,
  live,
  changeListed,
  listed,
  absent,
  merged,
}: RevertInput): readonly FileDecision[] {
  const after = change ?? live;
  // Seen when C was taken, and read by nothing: what S includes reads it once S is back.
  const laid = [...live.keys()].filter((path) => changeListed?.files.includes(path) && wasAbsent(path, listed));
  return [...new Set([...before.keys(), ...after.keys(), ...laid])].sort(byCodeUnit).flatMap((path) => {
    const [s, l] = [before.get(path) ?? null, live.get(path) ?? null];
    // Nothing read it any more when C was taken: what the change made of it is not known, then C := L.
    const unread = changeListed !== null && !after.has(path) && !wasAbsent(path, changeListed);
    const c = unread ? l : (after.get(path) ?? null);
    const role = (s ?? c ?? l)?.role ?? 'include';
    if (sameState(s, c)) return [];
    if (merged.has(path)) return [decided(path, role, 'nothing', l, null, 'merged by an earlier attempt')];
    if (s === null && !absent.includes(path) && !wasAbsent(path, listed))
      return [
        decided(
          path,
          role,
          'nothing',
          l,
          null,
          'it was not read before the change, and may have been there: left as it is',
        ),
      ];
    return [decideFile(path, role, s, c, l)];
  });
}

/** Known not to have been there: its folder was listed without it, or the folder itself was not there. */
function wasAbsent(path: string, { folders, files }: RevertInput['listed']): boolean {
  for (let child = path, folder = dirname(path); ; child = `${folder}/`, folder = dirname(folder)) {
    if (folders.includes(folder)) return !files.includes(child);
    if (folder === '/') return false;
  }
}

function decideFile(
  path: string,
  role: FileRole,
  s: FileState | null,
  c: FileState | null,
  l: FileState | null,
): FileDecision {
  if (sameState(l, s)) return decided(path, role, 'nothing', l, null);
  if (sameState(l, c)) return decided(path, role, 'restore', s, null);
  if (s === null)
    return decided(
      path,
      role,
      'conflict-restored',
      null,
      l,
      'the change added it and somebody else edited it since: removed, their version kept beside',
    );
  if (l === null)
    return decided(path, role, 'conflict-restored', s, null, 'somebody else removed it after the change: restored');
  if (c === null)
    return decided(
      path,
      role,
      'conflict-restored',
      s,
      l,
      'the change removed it and somebody else made it anew: restored, their version kept beside',
    );
  if (isNamedFile(role) && s.content !== c.content && l.content !== s.content && l.content !== c.content)
    return decided(
      path,
      role,
      'conflict-restored',
      s,
      l,
      'somebody else replaced it since: restored, theirs kept beside',
    );
  return merge(path, role, s, c, l);
}

/** All three exist, and live is neither the old nor the changed one. */
function merge(path: string, role: FileRole, s: FileState, c: FileState, l: FileState): FileDecision {
  const ownership = { mode: pick(s.mode, c.mode, l.mode), ...pickOwner(s, c, l) };
  const want = (content: string): FileState => ({ content, ...ownership });
  if (s.content === c.content || l.content === s.content)
    return decided(path, role, 'merge', want(l.content), null, 'mode and owner only');
  if (l.content === c.content) return decided(path, role, 'restore', want(s.content), null);
  const merged = mergeContent(role, s.content, c.content, l.content);
  if (merged === null)
    return decided(
      path,
      role,
      'conflict-restored',
      s,
      l,
      'somebody else edited it since, and no merge of it would load: restored, their version kept beside',
    );
  if (merged.conflicts.length === 0)
    return decided(path, role, 'merge', want(merged.content), null, 'what somebody else edited since survives');
  const where = merged.conflicts.join(', ');
  if (isAccessFile(role))
    return decided(
      path,
      role,
      'conflict-restored',
      s,
      l,
      `somebody else edited the same part (${where}): restored, their version kept beside`,
    );
  return decided(
    path,
    role,
    'conflict-restored',
    want(merged.content),
    l,
    `somebody else edited the same part (${where}): the old value wins there, the rest of their edits survives, their version kept beside`,
  );
}

function mergeContent(role: FileRole, s: string, c: string, l: string): Merged | null {
  if (role === 'auto') return mergeAutoConf(s, c, l);
  const merged = mergeLines(s, c, l);
  const broken = (content: string): boolean => parseConf(content).some(({ kind }) => kind === 'error');
  return (role === 'main' || role === 'include') && broken(merged.content) && !broken(s) ? null : merged;
}

function pick<T>(s: T, c: T, l: T): T {
  return s === c ? l : s;
}

function pickOwner(s: FileState, c: FileState, l: FileState): { uid: number; gid: number } {
  return { uid: pick(s.uid, c.uid, l.uid), gid: pick(s.gid, c.gid, l.gid) };
}

export function sameState(a: FileState | null, b: FileState | null): boolean {
  if (a === null || b === null) return a === b;
  return a.content === b.content && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

function decided(
  path: string,
  role: FileRole,
  decision: FileDecision['decision'],
  want: FileState | null,
  keep: FileState | null,
  note?: string,
): FileDecision {
  return { path, role, decision, want, keep, ...(note === undefined ? {} : { note }) };
}

export function fileItem(decision: FileDecision, live: ConfigFile | null): RevertItem {
  const { path, role, want, note } = decision;
  const changes = !sameState(want, live);
  const action = !changes ? 'none' : want === null ? 'remove' : live === null ? 'create' : 'write';
  return {
    key: `file:${path}`,
    section: 'files',
    action,
    effect: !changes || role === 'debian' ? 'none' : isAccessFile(role) || isNamedFile(role) ? 'reconnect' : 'reload',
    summary: `${path}: ${words(decision.decision, action, want, live)}`,
    decision: decision.decision,
    ...(note === undefined ? {} : { note }),
  };
}

function words(
  decision: RevertItem['decision'],
  action: string,
  want: FileState | null,
  live: FileState | null,
): string {
  if (action === 'none') return 'as it should be';
  if (action === 'remove') return 'removed, as before the change';
  if (want !== null && live !== null && want.content === live.content)
    return `mode ${modeText(want.mode)}, owner ${want.uid}:${want.gid} restored`;
  if (decision === 'held') return 'restored, and those who must stay out are shut out';
  return decision === 'merge' ? 'merged: the change is taken back, later edits stay' : 'restored';
}

/** What is written is a merge: nobody has ever seen it before, and the next attempt must know it again. */
export function isMerge(decision: FileDecision, before: FileState | null): boolean {
  const want = decision.otherwise ?? decision.want;
  return want !== null && want.content !== before?.content;
}
