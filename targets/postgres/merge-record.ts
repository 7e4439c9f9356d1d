/**
 * Remembers, beside a file, what a revert merged it to. Seen from S and C alone, a merged file cannot be told from one
 * that somebody edited in the same place, so a second attempt after a crash would take the others' lines away.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileSet, FileState } from '../../domain/snapshot/files.ts';
import type { Fence } from '../target.ts';
import { replaceFile } from './write-file.ts';

/** A dotfile: no include_dir reads it. It holds a digest, no content. */
function recordPath(path: string, changeId: string): string {
  return join(dirname(path), `.${basename(path)}.knowngood-merged-${changeId}`);
}

function digestOf({ content }: FileState): string {
  return createHash('sha256').update(content, 'latin1').digest('hex');
}

/** Written before the merged file itself: a record of what never came to be matches nothing. */
export function rememberMerge(path: string, changeId: string, merged: FileState, fence: Fence): Promise<void> {
  const { mode, uid, gid } = merged;
  return replaceFile(recordPath(path, changeId), { content: `${digestOf(merged)}\n`, mode, uid, gid }, fence);
}

/** Paths whose file is as an earlier attempt of this revert merged it. */
export async function mergedBefore(files: FileSet, changeId: string): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    [...files.values()].map(async (file) => {
      const record = await readFile(recordPath(file.path, changeId), 'utf8').catch(() => null);
      return record?.trim() === digestOf(file) ? [file.path] : [];
    }),
  );
  return new Set(found.flat());
}
