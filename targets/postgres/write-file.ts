/** Replaces a file whole or not at all: a new file in the same folder, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileState } from '../../domain/snapshot/files.ts';
import { TargetError, codeOf, messageOf } from './target-error.ts';

/** Runs right before the file changes; throws to keep it from changing. */
export type BeforeChange = () => void | Promise<void>;

/** include_dir ignores it. Nobody else's: two writers must never rename each other's file. */
function temporaryPath(path: string): string {
  return join(dirname(path), `${leftoverPrefix(path)}${randomBytes(6).toString('hex')}`);
}

function leftoverPrefix(path: string): string {
  return `.${basename(path)}.knowngood-tmp-`;
}

/** Mode and owner are those of `state`; a symbolic link is followed and stays. */
export async function replaceFile(path: string, state: FileState, before: BeforeChange): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const temporary = temporaryPath(real);
  try {
    await writeNew(temporary, state);
    await before();
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
  await syncFolder(dirname(real));
  void sweep(real).catch(() => undefined);
}

/** Longer than any write takes: what is older was left by a crash. */
const leftoverAgeMs = 10 * 60_000;

async function sweep(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(leftoverPrefix(path))) continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > leftoverAgeMs) await rm(join(folder, name), { force: true });
  }
}

export async function removeFile(path: string, before: BeforeChange): Promise<void> {
  await before();
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw writeError(path, error);
  }
  await syncFolder(dirname(path));
}

async function writeNew(temporary: string, { content, mode, uid, gid }: FileState): Promise<void> {
  // Closed to others until the owner is right, and never wider than it shall be in the end: it may hold secrets.
  const handle = await open(temporary, 'wx', mode & 0o600);
  try {
    await handle.writeFile(Buffer.from(content, 'latin1'));
    await own(handle, uid, gid);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Only root may give a file away; when the owner is right already, nothing needs to be given. */
async function own(handle: FileHandle, uid: number, gid: number): Promise<void> {
  const now = await handle.stat();
  if (now.uid !== uid || now.gid !== gid) await handle.chown(uid, gid);
}

/** The rename itself must survive a crash of the host. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === null || error instanceof TargetError) return error;
  const problem = (word: string, message: string, hint: string): TargetError =>
    new TargetError(
      'NotApplied',
      [{ code: word, message, detail: `${messageOf(error)}. The file is as it was.`, hint }],
      error,
    );
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return problem('disk-full', `no space left to write ${path}`, 'Free some space in its folder, then try again.');
  if (code === 'EACCES' || code === 'EPERM')
    return problem(
      'file-unwritable',
      `not allowed to write ${path}`,
      'The agent must run as the user that owns the server, or as root.',
    );
  if (code === 'EROFS')
    return problem('read-only', `${path} is on a read-only file system`, 'Make it writable for the agent.');
  return code.startsWith('E') ? problem('write-failed', `cannot write ${path}`, 'Look at its folder.') : error;
}
