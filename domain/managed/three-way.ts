/** The three-way plan of a revert for a declared document: S before the change, C right after it, L live now. Pure. */
import { mergeLines } from '../revert/merge.ts';
import type { RevertItem } from '../plan.ts';
import { type Document, type Edit, type Json, type Path, isLines, isTree, keysOf, sameValue } from './document.ts';

export interface Decision extends Edit {
  /** `from` is live, `to` what it shall be in the end. */
  readonly decision: Extract<RevertItem['decision'], 'restore' | 'nothing' | 'merge' | 'conflict-restored'>;
  readonly note?: string;
}

/** Every key that the change touched, with what becomes of it. `change` null: unknown, then C := L. */
export function planDocumentBack(before: Document, change: Document | null, live: Document): readonly Decision[] {
  return decide([], before, change ?? live, live);
}

export function editsOf(decisions: readonly Decision[]): readonly Edit[] {
  return decisions.flatMap(singleKeys);
}

/** A merging PATCH sets single keys: a tree is never replaced by another tree. */
function singleKeys({ path, from, to }: Edit): readonly Edit[] {
  if (sameValue(from, to)) return [];
  if (!isTree(from) || !isTree(to)) return [{ path, from, to }];
  return keysOf(from, to).flatMap((key) =>
    singleKeys({ path: [...path, key], from: from[key] ?? null, to: to[key] ?? null }),
  );
}

function decide(path: Path, s: Json, c: Json, l: Json): readonly Decision[] {
  if (sameValue(s, c)) return [];
  const inside = [s, c, l].filter((value) => value !== null);
  const isOther = !sameValue(l, c) && !sameValue(l, s);
  if (inside.every(isTree) && isTree(l) && (isTree(s) || isOther)) {
    const [ts, tc] = [isTree(s) ? s : {}, isTree(c) ? c : {}];
    return keysOf(ts, tc, l).flatMap((key) => decide([...path, key], ts[key] ?? null, tc[key] ?? null, l[key] ?? null));
  }
  if (sameValue(l, s)) return [{ path, from: l, to: s, decision: 'nothing' }];
  if (!isOther) return [{ path, from: l, to: s, decision: 'restore' }];
  if (isTakenBack(s, c, l)) return [{ path, from: l, to: l, decision: 'nothing', note: survives }];
  const merged = mergedList(s, c, l);
  if (merged !== null) return [{ path, from: l, to: merged, decision: 'merge', note: survives }];
  return [
    { path, from: l, to: s, decision: 'conflict-restored', note: 'somebody else changed it since: the old value wins' },
  ];
}

const survives = 'what somebody else edited since survives';

/** A merge by an earlier attempt, which is not to be merged again: what the change took out is there, what it added is not. */
function isTakenBack(s: Json, c: Json, l: Json): boolean {
  if (!isLines(s) || !isLines(c) || !isLines(l)) return false;
  const [gone, added] = [s.filter((line) => !c.includes(line)), c.filter((line) => !s.includes(line))];
  const isMoved = gone.length + added.length === 0;
  return !isMoved && gone.every((line) => l.includes(line)) && !added.some((line) => l.includes(line));
}

/** Of lists of lines, such as pg_hba; null: the same lines were changed, or they are no such lists. */
function mergedList(s: Json, c: Json, l: Json): readonly string[] | null {
  const texts = [s, c, l].map((value) => (isLines(value) ? value.join('\n') : null));
  const [before, change, live] = texts;
  if (before == null || change == null || live == null) return null;
  const { content, conflicts } = mergeLines(before, change, live);
  if (conflicts.length > 0) return null;
  return content === '' ? [] : content.split('\n');
}
