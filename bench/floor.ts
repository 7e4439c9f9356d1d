/** The floor: a bare script that knows what to do. Copies the old file back, signals or restarts, and connects. */
import { execFile } from 'node:child_process';
import { chown, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { now, type Prober } from './prober.ts';

const exec = promisify(execFile);

export interface Floor {
  readonly dataDir: string;
  readonly restart: readonly string[];
  readonly prober: Prober;
}

/** Denies the dependent, then measures putting pg_hba.conf back until it is accepted; milliseconds. */
export async function reloadFloor({ dataDir, prober }: Floor, denying: string): Promise<number> {
  const path = join(dataDir, 'pg_hba.conf');
  const old = await readFile(path);
  await replace(path, denying);
  await reload(dataDir);
  await prober.deniedAfter(now());
  const beganAt = now();
  await replace(path, old);
  await reload(dataDir);
  return (await prober.acceptedAfter(beganAt)) - beganAt;
}

/** The same with two files and a restart. */
export async function restartFloor({ dataDir, restart, prober }: Floor, denying: string): Promise<number> {
  const paths = { hba: join(dataDir, 'pg_hba.conf'), conf: join(dataDir, 'postgresql.conf') };
  const old = { hba: await readFile(paths.hba), conf: await readFile(paths.conf) };
  await replace(paths.hba, denying);
  await replace(paths.conf, `${old.conf.toString('utf8')}\nmax_connections = 55\n`);
  await run(restart);
  await prober.deniedAfter(now());
  const beganAt = now();
  await replace(paths.hba, old.hba);
  await replace(paths.conf, old.conf);
  await run(restart);
  return (await prober.acceptedAfter(beganAt)) - beganAt;
}

async function replace(path: string, content: string | Buffer): Promise<void> {
  const { uid, gid, mode } = await stat(path);
  const temporary = `${path}.floor`;
  const file = await open(temporary, 'w', mode);
  await file.writeFile(content);
  await file.sync();
  await file.close();
  await chown(temporary, uid, gid);
  await rename(temporary, path);
  const folder = await open(dirname(path));
  await folder.sync();
  await folder.close();
}

async function reload(dataDir: string): Promise<void> {
  const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);
  process.kill(pid, 'SIGHUP');
}

async function run([command = '', ...args]: readonly string[]): Promise<void> {
  await exec(command, args);
}
