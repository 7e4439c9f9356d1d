/**
 * The folder of one rehearsal, and what a killed agent left of an earlier one. A record in the agent's state folder names
 * it before it is made; the folder holds the same token, so that nothing is removed, and nobody ended, that is not ours.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, readdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../target-error.ts';
import { type ServerUser, run } from './run.ts';
import type { Binaries } from './binaries.ts';

export interface RehearsalFolder {
  /** Absolute, without symbolic links, the server user's own, 0700. */
  readonly path: string;
  /** Ends what runs in it, and removes it with its record. */
  remove(): Promise<void>;
}

interface FolderRecord {
  readonly path: string;
  readonly token: string;
  /** Of the process that rehearses. */
  readonly pid: number;
  /** Clock ticks since boot: with pid and boot it names one process. */
  readonly started: string;
  readonly boot: string;
}

const prefix = 'knowngood-rehearsal-';
const tokenFile = 'knowngood-rehearsal';
/** A socket's whole path has at most 107 bytes. */
const longestPath = 80;
/** PostgreSQL's own files take such paths unquoted. */
const plainPath = /^[A-Za-z0-9_./+-]+$/;
/** After SIGQUIT; then by force. */
const quitMs = 2_000;

/** `records`: a folder of the agent's own. null: no place can be used by the server's user. */
export async function makeFolder(
  records: string,
  wanted: string | null,
  binaries: Pick<Binaries, 'user' | 'owner' | 'env'>,
  signal: AbortSignal,
): Promise<RehearsalFolder | null> {
  await mkdir(records, { recursive: true, mode: 0o700 });
  const parent = await placeFor(records, wanted, binaries, signal);
  if (parent === null) return null;
  const token = randomBytes(12).toString('hex');
  const path = join(parent, `${prefix}${token.slice(0, 8)}`);
  const record = join(records, `${basename(path)}.json`);
  const written: FolderRecord = {
    path,
    token,
    pid: process.pid,
    started: await startOf(process.pid),
    boot: await bootId(),
  };
  await writeFile(record, JSON.stringify(written), { mode: 0o600 });
  try {
    await mkdir(path, { mode: 0o700 });
    await writeFile(join(path, tokenFile), token, { mode: 0o600 });
    await chmod(path, 0o700);
    await give(path, binaries.user);
  } catch (error) {
    await remove(record, written);
    throw error;
  }
  return { path, remove: () => remove(record, written) };
}

export async function give(path: string, user: ServerUser | null): Promise<void> {
  if (user !== null) await chown(path, user.uid, user.gid);
}

/** What rehearsals of processes that are gone have left: their servers ended, their folders removed. Answers how many. */
export async function removeLeftRehearsals(records: string): Promise<number> {
  const names = await readdir(records).catch(() => []);
  let removed = 0;
  for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith('.json'))) {
    const path = join(records, name);
    const record = await readRecord(path);
    if (record === null || (await lives(record))) continue;
    await remove(path, record);
    removed += 1;
  }
  return removed;
}

async function remove(record: string, written: FolderRecord): Promise<void> {
  if (await isOurs(written)) {
    await endAllIn(written.path);
    // A process that is just ending may still write: once more, then.
    for (let tries = 1; ; tries += 1) {
      try {
        await rm(written.path, { recursive: true, force: true });
        break;
      } catch (error) {
        if (tries === 5 || codeOf(error) !== 'ENOTEMPTY') throw error;
        await sleep(50);
      }
    }
  }
  await rm(record, { force: true });
}

/** A folder, no link, with our token in it. One that was never filled holds nothing to be removed but itself. */
async function isOurs({ path, token }: FolderRecord): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isDirectory()) return false;
  const said = await readFile(join(path, tokenFile), 'utf8').catch(() => null);
  return said === token || (said === null && (await readdir(path)).length === 0);
}

/** Whose working directory lies in the folder was started by a rehearsal, whatever its process id was before. */
async function endAllIn(folder: string): Promise<void> {
  for (const until = Date.now() + quitMs; ; await sleep(10)) {
    const inside = await processesIn(folder);
    if (inside.length === 0) return;
    const late = Date.now() > until;
    for (const pid of inside) signal(pid, late ? 'SIGKILL' : 'SIGQUIT');
    if (late) await sleep(50);
    if (Date.now() > until + quitMs) return;
  }
}

export async function processesIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const home = (await readlink(`/proc/${pid}/cwd`).catch(() => '')).replace(/ \(deleted\)$/, '');
      return home === folder || home.startsWith(`${folder}/`) ? [pid] : [];
    }),
  );
  return found.flat();
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    kill(pid, name);
  } catch {
    // Gone meanwhile.
  }
}

async function readRecord(path: string): Promise<FolderRecord | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<FolderRecord>;
    const { path: folder, token, pid, started, boot } = value;
    if (typeof folder !== 'string' || typeof token !== 'string' || !basename(folder).startsWith(prefix)) return null;
    return { path: folder, token, pid: Number(pid), started: String(started), boot: String(boot) };
  } catch {
    return null;
  }
}

async function lives({ pid, started, boot }: FolderRecord): Promise<boolean> {
  return boot === (await bootId()) && started !== '' && started === (await startOf(pid));
}

async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim();
}

/** The agent's own state folder is closed to another user; a temporary folder is open to it. */
async function placeFor(
  records: string,
  wanted: string | null,
  { user, env }: Pick<Binaries, 'user' | 'env'>,
  signal: AbortSignal,
): Promise<string | null> {
  const places = wanted === null ? [...(user === null ? [records] : []), tmpdir(), '/var/tmp', '/tmp'] : [wanted];
  for (const place of places) {
    const path = await realpath(place).catch(() => null);
    if (path === null || path.length > longestPath - prefix.length - 8 || !plainPath.test(path)) continue;
    const entered = await run('/bin/sh', ['-c', 'cd "$1"', 'sh', path], { user, cwd: '/', env, signal });
    if (entered.code === 0) return path;
  }
  return null;
}
