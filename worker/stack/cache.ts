/** Folders that outlive a run: built binaries, copies of PostgreSQL, template data folders. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StackError } from './stack-error.ts';

/** This user's cache, closed to nobody in particular. */
export async function cacheFolder(): Promise<string> {
  const folder =
    process.env['KNOWNGOOD_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'knowngood');
  await mkdir(folder, { recursive: true });
  return folder;
}

/** A cache that an unprivileged user can enter as well. Root's home is closed to others, so root's lies in /var/tmp. */
export async function sharedCacheFolder(): Promise<string> {
  if (process.getuid?.() !== 0 || process.env['KNOWNGOOD_CACHE_DIR'] !== undefined) return cacheFolder();
  const folder = '/var/tmp/knowngood-root';
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = await lstat(folder);
  // Binaries in it are executed: nobody else may have made it or be able to write to it.
  if (uid !== 0 || (mode & 0o022) !== 0 || (mode & 0o170000) !== 0o040000) {
    throw new StackError({
      code: 'unsafe-cache',
      message: `cache folder ${folder} is not root's alone`,
      detail: `It belongs to user id ${uid} with mode ${(mode & 0o7777).toString(8)}.`,
      hint: 'Remove it, or name another folder in KNOWNGOOD_CACHE_DIR.',
    });
  }
  await chmod(folder, 0o755); // a strict umask would have closed it
  return folder;
}
