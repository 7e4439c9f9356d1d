/** A server of a newer version in the old one's place: the old configuration as it takes it, proven on real servers. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdir, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../../worker/stack/cluster.ts';
import { defaultHba } from '../../../worker/stack/data-folder.ts';
import { freePort } from '../../../worker/stack/ports.ts';
import { edit, filesOf, reverted, targetOf } from './server.ts';

const password = 'same-on-both-sides';

interface Pair {
  readonly old: Cluster;
  /** Not started yet. */
  readonly young: Cluster;
  readonly target: Target;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const hba = `${defaultHba}# added by hand\nhost all app 127.0.2.0/24 scram-sha-256\n`;

async function pairOf(from: PostgresMajor, to: PostgresMajor, conf: string, included: string): Promise<Pair> {
  const port = await freePort();
  const old = await createCluster({ major: from, port, ownIdentity: true, hba, start: false });
  open.push(() => old.remove());
  const young = await createCluster({ major: to, port, ownIdentity: true, start: false });
  open.push(() => young.remove());
  const folder = join(old.dataDir, 'conf.d');
  await mkdir(folder, { mode: 0o750 });
  await writeFile(join(folder, 'own.conf'), included);
  if (old.systemUser)
    for (const path of [folder, join(folder, 'own.conf')]) await chown(path, old.systemUser.uid, old.systemUser.gid);
  await edit(old, 'postgresql.conf', (text) => `${text}${conf}include_dir = 'conf.d'\n`);
  await old.start();
  await samePassword(old);
  await sql(old, 'create role app login');
  await sql(old, 'create table orders (id int)');
  await sql(old, 'grant select on orders to app');
  const target = targetOf(old, { password, restart: young.pgCtl('restart', '-w', '-m', 'fast') });
  open.push(() => target.close());
  return { old, young, target };
}

/** By the socket, which trusts: passwords are part of what moves. */
async function sql<T extends pg.QueryResultRow>(cluster: Cluster, text: string): Promise<T[]> {
  const { socketDir: host, port } = cluster;
  const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}
const samePassword = (cluster: Cluster) => sql(cluster, `alter role postgres password '${password}'`);
const shown = async (cluster: Cluster, name: string): Promise<string | undefined> =>
  (await sql<{ value: string }>(cluster, `select current_setting('${name}') as value`))[0]?.value;

/** What an upgrade script does: the old one down, the new one up with its own defaults, the data copied, a grant forgotten. */
async function upgrade({ old, young }: Pair): Promise<void> {
  await old.stop();
  await young.start();
  await samePassword(young);
  await sql(young, 'create role app login');
  await sql(young, 'create table orders (id int)');
}

async function carried({ target }: Pair, before: Captured, change: Captured | null): Promise<Captured> {
  const moved = await target.carryOver(before, change);
  expect(moved.carried).toBeDefined();
  return moved;
}

describe('a revert after an upgrade of the server', () => {
  it('puts the configuration of 16 on 17: files in their new places, lines it would refuse as comments, grants too', async () => {
    const conf = "work_mem = 8MB\nold_snapshot_threshold = '1h'\nmax_connections = 80\n";
    const pair = await pairOf(16, 17, conf, 'random_page_cost = 1.1\n');
    const { old, young, target } = pair;
    const before = await target.capture();
    const files = await filesOf(old);
    await upgrade(pair);
    const change = await target.capture();
    const expected = await carried(pair, before, change);
    const report = await reverted(target, expected, change);
    expect(report.remaining).toEqual([]);
    expect(report.restarted).toBe(true);
    expect(report.proof[0]).toMatch(
      /^upgrade: the configuration of PostgreSQL 16\S+ is carried over to 17\S+, all but 1 line$/,
    );
    const now = await filesOf(young);
    const { 'postgresql.conf': main, ...others } = now;
    const { 'postgresql.conf': oldMain, ...oldOthers } = files;
    expect(others).toEqual(oldOthers);
    const reason =
      '# knowngood: PostgreSQL 17 has no setting "old_snapshot_threshold"; it stood here before the upgrade:\n#';
    expect(main).toBe(oldMain?.replace('\nold_snapshot_threshold', `\n${reason}old_snapshot_threshold`));
    expect([await shown(young, 'work_mem'), await shown(young, 'random_page_cost')]).toEqual(['8MB', '1.1']);
    expect(await shown(young, 'max_connections')).toBe('80');
    expect(await shown(young, 'server_version')).toMatch(/^17/);
    expect(await sql(young, "select has_table_privilege('app', 'orders', 'select') as can")).toEqual([{ can: true }]);
    const summaries = report.items.map(({ summary }) => summary);
    expect(summaries).toContain(`${young.dataDir}/postgresql.conf: "old_snapshot_threshold" is left out`);
    expect(summaries).toContain('vacuum_buffer_usage_limit: default 256 (kB) → 2048 (kB)');
    // Run again, as after a crash: the same end, and nothing to write.
    const again = await reverted(target, await carried(pair, before, change), change);
    expect(again.remaining).toEqual([]);
    expect(await filesOf(young)).toEqual(now);
  }, 60_000);

  it('spans versions: 14 to 18, with what was removed or renamed on the way', async () => {
    const conf =
      "stats_temp_directory = 'pg_stat_tmp'\nforce_parallel_mode = off\nvacuum_defer_cleanup_age = 0\nlog_connections = on\n";
    const pair = await pairOf(14, 18, conf, 'wal_compression = on\n');
    const before = await pair.target.capture();
    await upgrade(pair);
    const change = await pair.target.capture();
    const report = await reverted(pair.target, await carried(pair, before, change), change);
    expect(report.remaining).toEqual([]);
    const main = (await filesOf(pair.young))['postgresql.conf'] ?? '';
    expect(main).toContain('\ndebug_parallel_query = off\n');
    expect(main).toMatch(/\n#stats_temp_directory/);
    expect(main).toMatch(/\n#vacuum_defer_cleanup_age/);
    expect([await shown(pair.young, 'log_connections'), await shown(pair.young, 'wal_compression')]).toEqual([
      'on',
      'pglz',
    ]);
  }, 60_000);

  it('works while the new server lets nobody in, and when what the upgrade left was never seen', async () => {
    const pair = await pairOf(16, 17, 'work_mem = 8MB\n', '');
    const { young, target } = pair;
    const before = await target.capture();
    await upgrade(pair);
    await edit(young, 'pg_hba.conf', () => 'local all all reject\nhost all all all reject\n');
    await young.restart();
    const first = await reverted(target, await carried(pair, before, null), null);
    expect(first.remaining.map(({ code }) => code)).toEqual(['files-only']);
    expect(await shown(young, 'work_mem')).toBe('8MB');
    const second = await reverted(target, await carried(pair, before, null), null);
    expect(second.remaining).toEqual([]);
    expect((await filesOf(young))['pg_hba.conf']).toContain(hba);
    expect(await sql(young, "select has_table_privilege('app', 'orders', 'select') as can")).toEqual([{ can: true }]);
  }, 60_000);

  it('carries nothing over while the old server is the one that runs', async () => {
    const { target } = await pairOf(16, 17, '', '');
    const before = await target.capture();
    expect(await target.carryOver(before, null)).toBe(before);
  }, 60_000);

  it('that nobody declared is refused: it is another server', async () => {
    const pair = await pairOf(16, 17, '', '');
    const before = await pair.target.capture();
    await upgrade(pair);
    const change = await pair.target.capture();
    await expect(reverted(pair.target, before, change)).rejects.toThrow();
    expect((await filesOf(pair.young))['pg_hba.conf']).not.toContain('added by hand');
  }, 60_000);
});
