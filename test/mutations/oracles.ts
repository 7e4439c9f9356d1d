/**
 * What is asked whether everything is as before. Shares no code with the product: the file system is walked, the catalogs are
 * listed in SQL of its own, and where the machine has PostgreSQL's own dump programs, they are asked too.
 */
import { createHash } from 'node:crypto';
import { type Stats, existsSync } from 'node:fs';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { databaseFacts, sharedFacts } from './oracle-queries.ts';

/** One fact a line, sorted. */
export type Facts = readonly string[];

export async function factsOf(cluster: Cluster): Promise<Facts> {
  const parts = await Promise.all([fileFacts(cluster.dataDir), catalogFacts(cluster), dumpFacts(cluster)]);
  return parts.flat().sort();
}

/** What was, and is not; what is, and was not. `except`: names that are left behind on purpose. */
export function differences(before: Facts, after: Facts, except: readonly string[] = []): readonly string[] {
  const minus = (a: Facts, b: Facts): string[] => {
    const there = new Set(b);
    return a.filter((line) => !there.has(line) && !except.some((name) => line.includes(name)));
  };
  return [...minus(before, after).map((line) => `- ${line}`), ...minus(after, before).map((line) => `+ ${line}`)];
}

/** The server's own folders and files hold data; everything else in the data folder is taken for configuration. */
const serversOwn =
  /^(base|global|log|pg_(?!hba|ident|ctl).*|postmaster\..*|PG_VERSION|current_logfiles.*|knowngood-superuser.*)$/;

/** Another inode or time of change: somebody wrote, be it the same. */
export function fileIdentities({ dataDir }: Cluster): Promise<Facts> {
  return walk(dataDir, '', async (path, { ino, ctimeMs }) => `${path} ${ino} ${ctimeMs}`);
}

function fileFacts(folder: string): Promise<Facts> {
  return walk(folder, '', async (path, { mode, uid, gid }) => {
    const bytes = await readFile(join(folder, path));
    const hash = createHash('sha256').update(bytes).digest('hex');
    return `file ${path} ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${bytes.length} ${hash}`;
  });
}

async function walk(
  folder: string,
  below: string,
  say: (path: string, stats: Stats) => Promise<string>,
): Promise<Facts> {
  const names = (await readdir(join(folder, below))).filter((name) => below !== '' || !serversOwn.test(name));
  const facts = names.map(async (name) => {
    const path = join(below, name);
    const stats = await lstat(join(folder, path));
    return stats.isDirectory() ? walk(folder, path, say) : [await say(path, stats)];
  });
  return (await Promise.all(facts)).flat();
}

async function catalogFacts(cluster: Cluster): Promise<string[]> {
  const names = await ask(cluster, 'postgres', 'select datname as fact from pg_database where datallowconn');
  const shared = await ask(cluster, 'postgres', sharedFacts(cluster.major));
  const own = await Promise.all(
    names.map(async (database) => {
      const facts = await ask(cluster, database, databaseFacts());
      return facts.map((fact) => `${database}: ${fact}`);
    }),
  );
  return [...shared, ...own.flat()];
}

async function ask(cluster: Cluster, database: string, sql: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: cluster.url('postgres', database), options: plainSession });
  await client.connect();
  try {
    return (await client.query<{ fact: string }>(sql)).rows.map(({ fact }) => fact);
  } finally {
    await client.end();
  }
}

/** A mutation that was left in force must show as itself, not as another spelling of everything. */
const plainSession =
  '-c statement_timeout=0 -c quote_all_identifiers=off -c DateStyle=ISO -c TimeZone=UTC -c role=none';

/** Debian's programs; null: none on this machine that can read this major version. */
function dumpProgram(major: number, name: 'pg_dump' | 'pg_dumpall'): string | null {
  const folders = [18, 17, 16, 15, 14].filter((other) => other >= major).reverse();
  const found = folders.map((other) => `/usr/lib/postgresql/${other}/bin/${name}`).find((path) => existsSync(path));
  return found ?? null;
}

/** Lines sorted: the order of the entries of an ACL has no meaning, and cannot be put back. */
async function dumpFacts(cluster: Cluster): Promise<string[]> {
  const [all, one] = [dumpProgram(cluster.major, 'pg_dumpall'), dumpProgram(cluster.major, 'pg_dump')];
  if (all === null || one === null || process.env['KNOWNGOOD_TEST_FULL'] !== '1') return [];
  const dumps = await Promise.all([
    dump(cluster, all, ['--globals-only', '--database', 'postgres']),
    dump(cluster, one, ['--schema-only', '--dbname', 'shop']),
  ]);
  return dumps.flat();
}

async function dump(cluster: Cluster, program: string, args: readonly string[]): Promise<string[]> {
  const { host, port, password } = cluster;
  const where = [
    '--host',
    host,
    '--port',
    String(port),
    '--username',
    'postgres',
    '--restrict-key=kg',
    '--no-comments',
  ];
  const { stdout } = await execa(program, [...where, ...args], {
    env: { PGPASSWORD: password, PGOPTIONS: plainSession },
  });
  return (
    stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('--') && !line.startsWith('SET '))
      // NULL cannot be had again: no end is no end.
      .map((line) => `dump: ${rolesInOrder(line.replace(" VALID UNTIL 'infinity'", ''))}`)
  );
}

/** pg_dump names a policy's roles as they happen to lie in the catalog. */
function rolesInOrder(line: string): string {
  if (!line.startsWith('CREATE POLICY')) return line;
  return line.replace(
    / TO (.*?)(?= USING| WITH CHECK|;$)/,
    (_, roles: string) => ` TO ${roles.split(', ').sort().join(', ')}`,
  );
}
