/** The configuration as the invariant compares it: files by bytes, mode and owner, catalogs as facts by their meaning. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { databaseFacts, sharedFacts } from '../mutations/oracle-queries.ts';

export interface FileState {
  readonly text: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Configuration {
  /** Path below the data folder. */
  readonly files: Readonly<Record<string, FileState>>;
  readonly facts: readonly string[];
}

export const database = 'shop';

export async function configurationOf(cluster: Cluster): Promise<Configuration> {
  return { files: await filesOf(cluster.dataDir), facts: await factsAfter(cluster, []) };
}

/** What PostgreSQL reads; its data and what it writes itself are not configuration. */
async function filesOf(dataDir: string): Promise<Configuration['files']> {
  const inFolder = async (folder: string): Promise<string[]> =>
    (await readdir(join(dataDir, folder))).map((name) => join(folder, name)).sort();
  const names = [...(await inFolder('.')), ...(await inFolder('conf.d'))];
  // Files that a killed write left half done begin with a dot; PostgreSQL reads none of them.
  const paths = names.filter((path) => /(^|\/)[^./][^/]*\.conf$/.test(path));
  const read = paths.map(async (path) => {
    const { mode, uid, gid } = await stat(join(dataDir, path));
    return [path, { text: await readFile(join(dataDir, path), 'latin1'), mode: mode & 0o7777, uid, gid }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** The facts as they would be after these statements, which are rolled back. */
export async function factsAfter(cluster: Cluster, statements: readonly string[]): Promise<readonly string[]> {
  const client = await connected(cluster);
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    const facts: string[] = [];
    for (const sql of [sharedFacts(cluster.major), databaseFacts()]) {
      const { rows } = await client.query<{ fact: string }>(sql);
      // What runs follows from the files, and is compared with them.
      facts.push(...rows.map(({ fact }) => fact).filter((fact) => !fact.startsWith('running ')));
    }
    await client.query('rollback');
    return facts.sort();
  } finally {
    await client.end();
  }
}

/** Settings that do not run as the files say, on a new connection. */
export async function notLoaded(cluster: Cluster): Promise<readonly string[]> {
  const client = await connected(cluster);
  try {
    const { rows } = await client.query<{ said: string }>(`
      select format('%s: %s', name, error) as said from pg_file_settings where error is not null
      union all
      select format('pg_hba.conf line %s: %s', line_number, error) from pg_hba_file_rules where type is null
      union all
      select format('%s waits for a restart', name) from pg_settings
        where pending_restart and name in (select f.name from pg_file_settings f)
      union all
      select format('%s runs as %s, the files say %s', f.name, current_setting(f.name, true), f.setting)
        from pg_file_settings f
        where f.applied and f.name in ('work_mem', 'maintenance_work_mem') and current_setting(f.name, true) <> f.setting`);
    return rows.map(({ said }) => said);
  } finally {
    await client.end();
  }
}

/** By the socket, which no change of a run touches. A server that is starting is waited for. */
async function connected(cluster: Cluster): Promise<pg.Client> {
  for (let tries = 1; ; tries += 1) {
    const client = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** One line a difference; nothing of a password is said. */
export function differences(wanted: Configuration, found: Configuration): readonly string[] {
  const paths = [...new Set([...Object.keys(wanted.files), ...Object.keys(found.files)])].sort();
  const files = paths.flatMap((path) => {
    const [one, other] = [wanted.files[path], found.files[path]];
    if (one === undefined) return [`${path} is there and should not be`];
    if (other === undefined) return [`${path} is missing`];
    if (one.text !== other.text) return [`${path}: ${lineDifference(one.text, other.text)}`];
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [`${path} has another mode or owner`];
  });
  const had = new Set(wanted.facts);
  const has = new Set(found.facts);
  return [
    ...files,
    ...wanted.facts.filter((fact) => !has.has(fact)).map((fact) => `missing: ${quiet(fact)}`),
    ...found.facts.filter((fact) => !had.has(fact)).map((fact) => `too much: ${quiet(fact)}`),
  ];
}

const quiet = (text: string): string => text.replace(/password\S*.*$/i, 'password …').slice(0, 200);

function lineDifference(wanted: string, found: string): string {
  const [had, has] = [wanted.split('\n'), found.split('\n')];
  const missing = had.filter((line) => !has.includes(line)).map((line) => `-${quiet(line)}`);
  const more = has.filter((line) => !had.includes(line)).map((line) => `+${quiet(line)}`);
  return [...missing, ...more].join(' | ') || 'the same lines in another order';
}
