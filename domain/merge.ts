/** Three-way merges of a revert: what the change did is taken back, what others did since survives. */
import { diff3Merge } from 'node-diff3';
import { editAutoConf, parseAutoConf } from './auto-conf.ts';

export interface Merged {
  readonly content: string;
  /** What both changed: `before` won there. One phrase each, for people. */
  readonly conflicts: readonly string[];
}

/** Line by line; where both touched the same lines, those of `before` win. */
export function mergeLines(before: string, change: string, live: string): Merged {
  const regions = diff3Merge(before.split('\n'), change.split('\n'), live.split('\n'), { excludeFalseConflicts: true });
  const lines: string[] = [];
  const conflicts: string[] = [];
  for (const region of regions) {
    if (region.ok !== undefined) lines.push(...region.ok);
    else if (region.conflict !== undefined) {
      conflicts.push(`lines ${lines.length + 1}–${lines.length + Math.max(1, region.conflict.a.length)}`);
      lines.push(...region.conflict.a);
    }
  }
  return { content: lines.join('\n'), conflicts };
}

/** Key by key; where both changed one key, `before` wins. null when one of the three cannot be parsed. */
export function mergeAutoConf(before: string, change: string, live: string): Merged | null {
  const [s, c, l] = [parseAutoConf(before), parseAutoConf(change), parseAutoConf(live)];
  if (s === null || c === null || l === null) return null;
  const edits = new Map<string, string | null>();
  const conflicts: string[] = [];
  for (const key of new Set([...s.keys(), ...c.keys(), ...l.keys()])) {
    const [was, did, is] = [s.get(key), c.get(key), l.get(key)];
    if (was === did || is === was) continue;
    if (is !== did) conflicts.push(key);
    edits.set(key, was ?? null);
  }
  const content = editAutoConf(live, edits);
  const merged = parseAutoConf(content);
  // When nobody else's key is left, the old bytes say the same and are exact.
  const same = merged !== null && merged.size === s.size && [...s].every(([key, value]) => merged.get(key) === value);
  return { content: same ? before : content, conflicts };
}
