/** What the tests of a PostgreSQL target do to its server: make a target of it, look at its files, harm it. */
import { randomBytes } from 'node:crypto';
import { chown, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createPostgresTarget } from '../../../targets/postgres/target.ts';
import type { PostgresTargetOptions } from '../../../targets/postgres/options.ts';
import type { Allowance, Captured, RevertReport, Target, Witness } from '../../../targets/target.ts';
import type { ConfigChange } from '../../../domain/change.ts';
import type { Cluster } from '../../../worker/stack/cluster.ts';

export const nothingAllowed: Allowance = { settings: [], paths: [], sql: false };
export const unfenced = (): void => undefined;
export const silent = (): void => undefined;

const key = randomBytes(32);

export function targetOptions(cluster: Cluster, options: Partial<PostgresTargetOptions> = {}): PostgresTargetOptions {
  return {
    database: { connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`, password: null },
    password: cluster.password,
    key,
    restart: cluster.pgCtl('restart', '-w', '-m', 'fast'),
    ...options,
  };
}

export function targetOf(cluster: Cluster, options: Partial<PostgresTargetOptions> = {}): Target {
  return createPostgresTarget(targetOptions(cluster, options));
}

/** Path → bytes, mode and owner, of every configuration file and of every file in conf.d. */
export async function filesOf({ dataDir }: Cluster): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(dataDir);
  const inFolder = await readdir(join(dataDir, 'conf.d')).catch(() => []);
  const paths = [
    ...names.filter((name) => /\.conf/.test(name) && !name.includes('knowngood-merged')),
    ...inFolder.map((name) => `conf.d/${name}`),
  ].sort();
  const states = paths.map(async (path) => {
    const { mode, uid, gid } = await stat(join(dataDir, path));
    return [path, `${mode.toString(8)} ${uid}:${gid} ${await readFile(join(dataDir, path), 'latin1')}`] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

/** Writes as somebody else would: in place, owner kept or the server's own. */
export async function edit(cluster: Cluster, path: string, change: (text: string) => string): Promise<void> {
  const whole = join(cluster.dataDir, path);
  const text = await readFile(whole, 'utf8').catch(() => '');
  await writeFile(whole, change(text));
  if (cluster.systemUser) await chown(whole, cluster.systemUser.uid, cluster.systemUser.gid);
}

export async function query<T extends pg.QueryResultRow>(cluster: Cluster, sql: string): Promise<T[]> {
  const client = new pg.Client(cluster.url());
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function show(cluster: Cluster, name: string): Promise<string> {
  const [row] = await query<{ value: string }>(cluster, `select current_setting('${name}') as value`);
  return row?.value ?? '';
}

/** Plans and applies; a refusal fails the test with its reasons. */
export async function applied(
  target: Target,
  before: Captured,
  change: ConfigChange,
  allowance: Allowance = nothingAllowed,
): Promise<void> {
  const planned = await target.plan(before, change, allowance);
  if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems, null, 2));
  await target.apply(planned.plan, unfenced, silent);
}

export function reverted(
  target: Target,
  before: Captured,
  change: Captured | null,
  {
    witnesses = [],
    mayRestart = true,
    changeId = 'test',
  }: { witnesses?: readonly Witness[]; mayRestart?: boolean; changeId?: string } = {},
): Promise<RevertReport> {
  return target.revert({ changeId, before, change, mayRestart, witnesses, fence: unfenced, say: silent });
}
