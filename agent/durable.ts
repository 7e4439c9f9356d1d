/**
 * Files that survive a power cut: temporary file, fsync, rename, fsync of the folder. (write-file-atomic leaves the last
 * step out, so that a rename it has answered for may be undone by a crash.)
 */
import { randomUUID } from 'node:crypto';
import { linkSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Temporary files of a process that died are known by this ending. */
export const unfinished = '.tmp';

export interface ReplaceOptions {
  /** Where what stood there before is kept. */
  readonly keepAs?: string;
}

export async function replaceDurably(
  path: string,
  content: string | Uint8Array,
  options: ReplaceOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}${unfinished}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      const owner = ownerToBe(folder);
      if (owner !== null) await file.chown(owner.uid, owner.gid);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.keepAs !== undefined) keepPrevious(path, options.keepAs);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function makePrivateFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(made));
}

/** Root leaves nothing behind that the folder's own user, as whom the agent runs, could not read. null: nothing to do. */
export function ownerToBe(folder: string): { readonly uid: number; readonly gid: number } | null {
  if (process.geteuid?.() !== 0) return null;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? null : { uid, gid };
}

/** By a second name for the same file, so that both names are whole at every moment. */
function keepPrevious(path: string, keepAs: string): void {
  const second = `${keepAs}.${randomUUID()}${unfinished}`;
  try {
    linkSync(path, second);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    renameSync(second, keepAs);
  } catch (error) {
    unlinkSync(second);
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
