/** Makes a folder once: by one process at a time, whole or not at all, whoever is killed on the way. */
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

/** A holder that has not touched its lock for so long is dead; its half-made folder is swept by the next one. */
const staleMs = 5_000;
const pollMs = 250;

export interface BuildOnce {
  /** What is made. When it exists it is whole. */
  readonly folder: string;
  /** Fills an empty folder beside `folder`, which becomes `folder` when this returns. */
  readonly build: (unfinished: string) => Promise<void>;
  /** Called once when another process is at it. */
  readonly onWait?: () => void;
}

/** Returns `folder`. Rejects with what `build` throws, and then nothing is left. */
export async function buildOnce({ folder, build, onWait }: BuildOnce): Promise<string> {
  if (await exists(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const release = await acquire(folder, onWait);
  try {
    if (await exists(folder)) return folder;
    await sweep(folder);
    const unfinished = await mkdtemp(`${folder}${unfinishedMark}`);
    try {
      await chmod(unfinished, 0o755);
      await build(unfinished);
      await rename(unfinished, folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      // Our lock was taken for stale (this process slept) and another one was faster: theirs is as good.
      if (!(await exists(folder))) throw error;
    }
    return folder;
  } finally {
    await release();
  }
}

const unfinishedMark = '.unfinished-';

async function sweep(folder: string): Promise<void> {
  const parent = dirname(folder);
  const left = (await readdir(parent)).filter((name) => name.startsWith(`${basename(folder)}${unfinishedMark}`));
  await Promise.all(left.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}

async function acquire(folder: string, onWait: (() => void) | undefined): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      const release = await lock(folder, { realpath: false, stale: staleMs, onCompromised: () => {} });
      return () => release().catch(() => {}); // a lock that was taken for stale is no longer ours to release
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (!told) onWait?.();
    await sleep(pollMs);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
