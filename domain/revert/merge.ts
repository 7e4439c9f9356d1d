/** Three-way merges of a revert: what the change did is taken back, what others did since survives. */
import { diff3Merge } from 'node-diff3';
import { editAutoConf, parseAutoConf } from '../conf/auto-conf.ts';

export interface Merged {
  readonly content: string;
  /** What both changed: `before` won there. One phrase each, for people. */
  readonly conflicts: readonly string[];
}

/** Line by line; where both touched the same lines, those of `before` win. */
export function mergeLines(before: string, change: string, live: string): Merged {
  const regions = diff3Merge(before.split('\n'), change.split('\n'), live.split('\n'), {
    excludeFalseConflicts: true,
  });
  const lines: string[] = [];
  const conflicts: string[] = [];
  for (const { ok, conflict } of regions) {
    if (ok !== undefined) lines.push(...ok);
    if (conflict === undefined) continue;
    const around = linesAround(conflict.o, conflict.b);
    if (around === null) conflicts.push(`line ${lines.length + 1}`);
    lines.push(...(around?.above ?? []), ...conflict.a, ...(around?.below ?? []));
  }
  return { content: lines.join('\n'), conflicts };
}

/**
 * Lines that others put right above or below what the change wrote, which itself they left as it was: adjacent, and to
 * diff3 a conflict, as when two append to one file. null: they changed the same lines.
 */
function linesAround(
  changed: readonly string[],
  live: readonly string[],
): { above: readonly string[]; below: readonly string[] } | null {
  if (changed.length === 0) return null;
  for (let at = 0; at + changed.length <= live.length; at += 1)
    if (changed.every((line, i) => line === live[at + i]))
      return { above: live.slice(0, at), below: live.slice(at + changed.length) };
  return null;
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
