/**
 * Files and folders of the host, read once and in parallel. Pure code asks for them synchronously; what it asked for and
 * was not read yet is read, and it runs again: a walk through includes takes as many rounds as they are deep.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import type { FileView } from '../../domain/conf/conf-tree.ts';
import type { FileState } from '../../domain/snapshot/files.ts';
import { TargetError, codeOf, messageOf } from './target-error.ts';

export interface DiskFile extends FileState {
  /** Tells whether the file is still the one that was read. */
  readonly stamp: string;
  /** Unix ms of the last change of content, name, mode or owner. */
  readonly changedAt: number;
}

export class Disk implements FileView {
  readonly #files = new Map<string, DiskFile | null>();
  readonly #folders = new Map<string, readonly string[] | null>();
  readonly #real = new Map<string, string | null>();
  readonly #closed = new Map<string, string>();
  readonly #lenient = new Set<string>();
  readonly #wanted = { files: new Set<string>(), folders: new Set<string>(), real: new Set<string>() };

  /** Runs `walk` until everything that it asks for has been read. */
  async settle<T>(walk: (disk: Disk) => T): Promise<T> {
    for (;;) {
      const answer = walk(this);
      const { files, folders, real } = this.#wanted;
      if (files.size + folders.size + real.size === 0) return answer;
      await Promise.all([
        ...[...files].map(async (path) => this.#files.set(path, await this.#read(path))),
        ...[...folders].map(async (path) => this.#folders.set(path, await listFolder(path))),
        ...[...real].map(async (path) => this.#real.set(path, await realpath(path).catch(() => null))),
      ]);
      for (const set of [files, folders, real]) set.clear();
    }
  }

  file(path: string): DiskFile | null {
    const known = this.#files.get(path);
    if (known === undefined) this.#wanted.files.add(path);
    return known ?? null;
  }

  /** As `file`, for what the agent may be unable to read although the server can do without it: null then, and `closed`. */
  fileIfReadable(path: string): DiskFile | null {
    this.#lenient.add(path);
    return this.file(path);
  }

  /** Why a file that is there could not be read. */
  closed(path: string): string | null {
    return this.#closed.get(path) ?? null;
  }

  async #read(path: string): Promise<DiskFile | null> {
    try {
      return await readConfigFile(path);
    } catch (error) {
      if (!(error instanceof TargetError) || !this.#lenient.has(path)) throw error;
      this.#closed.set(path, error.problem.detail ?? error.message);
      return null;
    }
  }

  read(path: string): string | null {
    return this.file(path)?.content ?? null;
  }

  list(path: string): readonly string[] | null {
    const known = this.#folders.get(path);
    if (known === undefined) this.#wanted.folders.add(path);
    return known === undefined ? [] : known;
  }

  /** Symbolic links followed; null: not there. */
  real(path: string): string | null {
    const known = this.#real.get(path);
    if (known === undefined) this.#wanted.real.add(path);
    return known ?? null;
  }

  /** Paths that are not any more as they were read: with any of them the reading was torn. */
  async changed(): Promise<readonly string[]> {
    const changed = await Promise.all([
      ...[...this.#files]
        .filter(([path]) => !this.#closed.has(path))
        .map(async ([path, file]) => ((await stampOf(path)) === (file?.stamp ?? null) ? [] : [path])),
      ...[...this.#folders].map(async ([path, names]) =>
        String(await listFolder(path)) === String(names) ? [] : [path],
      ),
    ]);
    return changed.flat();
  }
}

/** A pipe that stands where a file should must not hold the agent up. */
const readOnly = constants.O_RDONLY | constants.O_NONBLOCK;

/** null: not there, or not a regular file. */
export async function readConfigFile(path: string): Promise<DiskFile | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, readOnly);
  } catch (error) {
    return absent(path, error);
  }
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) return null;
    const bytes = await handle.readFile();
    return {
      content: bytes.toString('latin1'),
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      stamp: stampFrom(stat),
      changedAt: Number(stat.ctimeNs / 1000n) / 1000,
    };
  } finally {
    await handle.close();
  }
}

async function stampOf(path: string): Promise<string | null> {
  const handle = await open(path, readOnly).catch((error: unknown) => absent(path, error));
  if (handle === null) return null;
  try {
    const stat = await handle.stat({ bigint: true });
    return stat.isFile() ? stampFrom(stat) : null;
  } finally {
    await handle.close();
  }
}

function stampFrom({
  ino,
  size,
  mtimeNs,
  ctimeNs,
}: {
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}): string {
  return [ino, size, mtimeNs, ctimeNs].join(':');
}

/** Names, folders with a trailing slash; sorted. */
async function listFolder(path: string): Promise<readonly string[] | null> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  } catch (error) {
    return absent(path, error);
  }
}

function absent(path: string, error: unknown): null {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ELOOP') return null;
  const problem = {
    code: 'file-unreadable',
    message: `cannot read ${path}`,
    detail: messageOf(error),
    hint: 'The agent must run as the user that owns the server, or as root.',
  };
  throw new TargetError('InsufficientPrivilege', [problem], error);
}
