/** The folders of a cluster: they belong to the user whom the server runs as, and that user can reach them. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { SystemUser } from './keeper.ts';
import { run } from './run.ts';
import { StackError } from './stack-error.ts';

export interface Home {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  /** What goes with the cluster, data folder included; null: the folder was given and stays. */
  readonly throwAway: string | null;
}

export async function makeHome(given: string | undefined, user: SystemUser | null): Promise<Home> {
  // Made by each start, removed by each stop: it is nothing that a cluster keeps.
  const socketDir = join(await temporaryFolder(user), `knowngood-socket-${randomBytes(6).toString('hex')}`);
  if (given === undefined) {
    const throwAway = await makeTemporary('knowngood-pg-', user);
    const dataDir = join(throwAway, 'data');
    await makeFolder(dataDir, user);
    return { dataDir, socketDir, logFile: join(throwAway, 'server.log'), throwAway };
  }
  const folder = resolve(given);
  await makeFolder(folder, user);
  const dataDir = await realpath(folder);
  await checkReachable(dataDir, user);
  const logFile = join(dirname(dataDir), `${basename(dataDir)}.log`);
  if (!existsSync(logFile)) await writeOwned(logFile, '', user);
  return { dataDir, socketDir, logFile, throwAway: null };
}

export async function makeTemporary(prefix: string, user: SystemUser | null): Promise<string> {
  const folder = await realpath(await mkdtemp(join(await temporaryFolder(user), prefix)));
  await chmod(folder, 0o755);
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/** A socket's whole path has at most 107 bytes, and another user may be unable to enter a private TMPDIR. */
async function temporaryFolder(user: SystemUser | null): Promise<string> {
  const wanted = tmpdir();
  return wanted.length <= 60 && !wanted.includes("'") && (await canEnter(wanted, user)) ? wanted : '/tmp';
}

export async function makeFolder(folder: string, user: SystemUser | null): Promise<void> {
  if (existsSync(folder)) return;
  const made = await mkdir(folder, { recursive: true, mode: 0o755 });
  for (let path = folder; ; path = dirname(path)) {
    await chmod(path, path === folder ? 0o700 : 0o755); // whatever the umask is
    if (path === made || made === undefined) break;
  }
  if (user) await chown(folder, user.uid, user.gid);
}

async function checkReachable(dataDir: string, user: SystemUser | null): Promise<void> {
  if (await canEnter(dataDir, user)) return;
  throw new StackError({
    code: 'folder-closed',
    message: `data folder ${dataDir} is closed to user ${user?.name ?? 'that Knowngood runs as'}`,
    detail: 'PostgreSQL does not run as root, and the user it runs as cannot enter this folder or one above it.',
    hint: 'Name a folder below one that everybody may pass through, for example /var/lib/knowngood.',
  });
}

async function canEnter(folder: string, user: SystemUser | null): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { user, cwd: '/' })).code === 0;
}

export async function writeOwned(path: string, text: string, user: SystemUser | null): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (user) await chown(path, user.uid, user.gid);
}
