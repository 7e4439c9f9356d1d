/** Unified diffs of redacted texts, short enough for workflow history and the approval page. */
import { createTwoFilesPatch } from 'diff';

/** Bytes; the rest is cut off with a line that says so. */
export const maxDiffBytes = 8192;

export interface TextChange {
  readonly path: string;
  /** null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Each file whole, however long: for who looks on the host. */
export function wholeDiff(changes: readonly TextChange[]): string {
  const patches = changes
    .filter(({ before, after }) => before !== after)
    .map(({ path, before, after }) => {
      const names = [before === null ? '/dev/null' : path, after === null ? '/dev/null' : path] as const;
      const patch = createTwoFilesPatch(names[0], names[1], before ?? '', after ?? '', undefined, undefined, {
        context: 3,
      });
      return patch.slice(patch.indexOf('--- '));
    });
  return patches.join('');
}

export function unifiedDiff(changes: readonly TextChange[]): string {
  return capped(wholeDiff(changes));
}

/** Cuts what is too long for workflow history. */
export function capped(diff: string): string {
  if (utf8Bytes(diff) <= maxDiffBytes) return diff;
  const lines = diff.split('\n');
  const kept: string[] = [];
  // Room for the last line.
  let left = maxDiffBytes - 64;
  for (const line of lines) {
    left -= utf8Bytes(line) + 1;
    if (left < 0) break;
    kept.push(line);
  }
  return [...kept, `… ${lines.length - kept.length} more lines`, ''].join('\n');
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
