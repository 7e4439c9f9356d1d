/** PostgreSQL's own way to write down what a snapshot holds: `pg_dumpall --globals-only`, then `pg_dump --schema-only`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cluster, PostgresMajor } from '../worker/stack/cluster.ts';
import { now } from './prober.ts';

const debian = '/usr/lib/postgresql';

export interface Dumper {
  /** Folder of the programs; '' for those on PATH. */
  readonly bin: string;
  /** The newest server that they can read, and that there are binaries of. */
  readonly major: PostgresMajor;
}

/** The newest on PATH or where Debian puts them; null: there is none here. */
export async function findDumper(): Promise<Dumper | null> {
  const folders = await readdir(debian).catch(() => []);
  const found = await Promise.all(['', ...folders.map((folder) => join(debian, folder, 'bin'))].map(dumperIn));
  return found.filter((dumper) => dumper !== null).sort((a, b) => b.major - a.major)[0] ?? null;
}

async function dumperIn(bin: string): Promise<Dumper | null> {
  try {
    const { stdout } = await execa(join(bin, 'pg_dump'), ['--version']);
    const major = Math.min(18, Number(/(\d+)\./.exec(stdout)?.[1]));
    return major >= 14 ? { bin, major: major as PostgresMajor } : null;
  } catch {
    return null;
  }
}

/** Milliseconds for all of it, one after the other, as a script would. */
export async function dumpAll({ bin }: Dumper, cluster: Cluster, databases: readonly string[]): Promise<number> {
  const { PATH } = process.env;
  const env = {
    PATH,
    PGHOST: cluster.host,
    PGPORT: String(cluster.port),
    PGUSER: 'postgres',
    PGPASSWORD: cluster.password,
  };
  // Read by nobody: what is measured is the making of it.
  const run = (program: string, ...args: string[]): Promise<unknown> =>
    execa(join(bin, program), args, { env, extendEnv: false, stdout: 'ignore' });
  const beganAt = now();
  await run('pg_dumpall', '--globals-only');
  for (const database of databases) await run('pg_dump', '--schema-only', '--dbname', database);
  return now() - beganAt;
}
