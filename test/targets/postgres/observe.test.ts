/** Who connects, seen on real servers: open sessions, and what their logs tell of those that were gone before anybody looked. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { SeenPrincipal } from '../../../domain/access/observed.ts';
import type { Target } from '../../../targets/target.ts';
import type { Cluster, PostgresMajor } from '../../../worker/stack/cluster.ts';
import { selfSigned } from '../../support/certificate.ts';
import { useCluster } from '../../support/cluster.ts';
import { query, targetOf } from './server.ts';

const hba = `local all all trust
host all all 127.0.0.0/8 trust
local replication all trust
host replication all 127.0.0.0/8 trust
`;
const observing = { serverLog: true, mayConnect: true };

const open: pg.Client[] = [];
const targets: Target[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
  for (const target of targets.splice(0)) await target.close();
});

function aTarget(...[cluster, options]: Parameters<typeof targetOf>): Target {
  const target = targetOf(cluster, options);
  targets.push(target);
  return target;
}

async function connected(cluster: Cluster, bend: pg.ClientConfig & { replication?: string } = {}): Promise<pg.Client> {
  const { port } = cluster;
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'app', database: 'shop', ...bend });
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

async function cameAndWent(cluster: Cluster, bend: Parameters<typeof connected>[1] = {}): Promise<void> {
  await (await connected(cluster, bend)).end();
}

async function prepare(cluster: Cluster): Promise<void> {
  await query(cluster, 'create role app login');
  await query(cluster, 'create role "odd ""role"" database=x, é" login');
  await query(cluster, 'create role standby login replication');
  await query(cluster, 'create database shop');
}

const logs: readonly (readonly [PostgresMajor, string, Readonly<Record<string, string>>])[] = [
  [14, 'stderr that is a file', { log_connections: 'on' }],
  [15, "stderr with Debian's prefix", { log_connections: 'on', log_line_prefix: '%m [%p] %q%u@%d ' }],
  [16, 'a collected csvlog', { log_connections: 'on', logging_collector: 'on', log_destination: 'csvlog' }],
  [17, 'a collected jsonlog', { log_connections: 'on', logging_collector: 'on', log_destination: 'stderr,jsonlog' }],
  [18, 'stderr, a list of what is logged', { log_connections: 'receipt,authorization', logging_collector: 'on' }],
  [
    18,
    'csvlog, authorizations only',
    { log_connections: 'authorization', logging_collector: 'on', log_destination: 'csvlog' },
  ],
  [14, 'a collected csvlog', { log_connections: 'on', logging_collector: 'on', log_destination: 'csvlog' }],
];

describe.each(logs)('PostgreSQL %i with %s', (major, _, settings) => {
  const cluster = useCluster({ major, hba, settings });
  it('tells of sessions that are open and of connections that are gone', async () => {
    await prepare(cluster());
    const target = aTarget(cluster());
    await connected(cluster(), { application_name: 'image storage' });
    await connected(cluster(), { host: cluster().socketDir });
    const first = await target.observe(observing);
    expect(first).toMatchObject({ logged: [], problems: [] });
    expect(sorted(first?.sessions)).toMatchObject([
      {
        user: 'app',
        database: 'shop',
        address: '127.0.0.1',
        tls: false,
        replication: false,
        applicationName: 'image storage',
      },
      { user: 'app', database: 'shop', address: null },
    ]);
    // The second one finds where the log ends now.
    await target.observe(observing);
    await cameAndWent(cluster(), { application_name: 'batch "x", y' });
    await cameAndWent(cluster(), { host: cluster().socketDir });
    await cameAndWent(cluster(), { user: 'odd "role" database=x, é' });
    await cameAndWent(cluster(), { user: 'standby', replication: 'true' });
    // Anybody may have the server write the words.
    await query(cluster(), `do $$ begin raise log 'connection authorized: user=forged database=shop'; end $$`);
    await loggedBy(cluster());
    const seen = await target.observe(observing);
    expect(seen?.problems).toEqual([]);
    expect(seen?.sessions).toHaveLength(2);
    const foreign = seen?.logged.filter(({ user }) => user !== 'postgres');
    const odd = { user: 'odd "role" database=x, é', database: 'shop', address: '127.0.0.1' };
    expect(foreign).toEqual([
      expect.objectContaining({ user: 'app', database: 'shop', address: '127.0.0.1', applicationName: 'batch "x", y' }),
      expect.objectContaining({ user: 'app', database: 'shop', address: null, tls: false, replication: false }),
      // Without columns of its own, a name that holds the words between the names cannot be told from them.
      ...(settings['log_destination'] === undefined ? [] : [expect.objectContaining(odd)]),
      expect.objectContaining({ user: 'standby', database: null, replication: true, address: '127.0.0.1' }),
    ]);
  });
});

describe('a look', () => {
  const cluster = useCluster({ major: 17, hba, settings: { log_connections: 'on', wal_level: 'logical' } });

  it('tells TLS, and walsenders of both kinds, be they gone or not', async () => {
    await prepare(cluster());
    const { certificate, key } = selfSigned('localhost');
    await writeOwned(cluster(), 'server.crt', certificate);
    await writeOwned(cluster(), 'server.key', key);
    await query(cluster(), 'alter system set ssl = on');
    await query(cluster(), 'select pg_reload_conf()');
    const target = aTarget(cluster());
    for (let looks = 0; looks < 2; looks += 1) await target.observe(observing);
    const ssl = { rejectUnauthorized: false };
    await connected(cluster(), { ssl });
    await connected(cluster(), { user: 'standby', replication: 'true' });
    await connected(cluster(), { user: 'standby', replication: 'database', application_name: 'decoder' });
    await cameAndWent(cluster(), { ssl, application_name: 'short' });
    await cameAndWent(cluster(), { user: 'standby', replication: 'true', application_name: 'base backup' });
    await loggedBy(cluster());
    const seen = await target.observe(observing);
    const of = (user: string, name: string, connections: readonly SeenPrincipal[] | null = []): object[] =>
      (connections ?? []).filter((one) => one.user === user && one.applicationName === name);
    expect(of('app', '', seen?.sessions)).toMatchObject([{ tls: true, replication: false }]);
    expect(of('standby', '', seen?.sessions)).toMatchObject([{ database: null, replication: true, tls: false }]);
    expect(of('standby', 'decoder', seen?.sessions)).toMatchObject([{ database: 'shop', replication: true }]);
    expect(of('app', 'short', seen?.logged)).toMatchObject([{ tls: true, address: '127.0.0.1' }]);
    expect(of('standby', 'base backup', seen?.logged)).toMatchObject([{ database: null, replication: true }]);
  });

  it('leaves out its own sessions, and those of the server itself, but nobody who only takes its name', async () => {
    const target = aTarget(cluster());
    await connected(cluster(), { application_name: 'knowngood agent' });
    await connected(cluster(), { database: 'postgres', application_name: 'knowngood-probe' });
    await connected(cluster(), { database: 'postgres', application_name: 'cart' });
    const person = await connected(cluster(), { user: 'postgres', application_name: 'psql' });
    await person.query('select pg_sleep(0)');
    const sessions = (await target.observe(observing))?.sessions ?? [];
    expect(sessions.map(({ user, applicationName }) => `${user} ${applicationName}`).sort()).toEqual([
      'app cart',
      'app knowngood agent',
      'postgres psql',
    ]);
  });

  it('says which right is missing, and does not take what it cannot see for nobody', async () => {
    await query(cluster(), 'create role blind login');
    await connected(cluster());
    const database = { connection: `postgresql://blind@127.0.0.1:${cluster().port}/postgres`, password: null };
    const target = aTarget(cluster(), { database, password: null });
    const hint = 'Run GRANT pg_read_all_stats TO blind as a superuser.';
    const quiet = { serverLog: false, mayConnect: true };
    expect(await target.observe(quiet)).toMatchObject({ sessions: [], problems: [{ code: 'sessions-unseen', hint }] });
    expect(await target.observe(observing)).toMatchObject({
      problems: [
        { code: 'sessions-unseen' },
        { code: 'log-unread', detail: expect.stringContaining('permission denied') },
      ],
    });
    await query(cluster(), 'grant pg_read_all_stats, pg_read_all_settings to blind');
    const granted = aTarget(cluster(), { database, password: null });
    expect(await granted.observe(observing)).toMatchObject({ sessions: [{ user: 'app' }], problems: [] });
  });

  it('takes the session that is there, and opens none where it may not', async () => {
    const target = aTarget(cluster());
    expect(await target.observe({ serverLog: true, mayConnect: false })).toBeNull();
    for (let looks = 0; looks < 5; looks += 1) await target.observe(observing);
    const own = `select count(*)::int as n from pg_stat_activity where application_name = 'knowngood agent'`;
    expect(await query(cluster(), own)).toEqual([{ n: 1 }]);
    await query(
      cluster(),
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'knowngood agent'`,
    );
    await sleep(100);
    for (let looks = 0; looks < 5; looks += 1)
      expect(await target.observe({ serverLog: false, mayConnect: true })).toBeNull();
    expect(await query(cluster(), own)).toEqual([{ n: 0 }]);
  });

  it('is not held up by a lock on the catalogs, and leaves the session as it was', async () => {
    const target = aTarget(cluster());
    await target.observe(observing);
    const holder = await connected(cluster(), { user: 'postgres', database: 'postgres' });
    await holder.query('begin; lock table pg_catalog.pg_authid in access exclusive mode');
    await expect(target.observe(observing)).rejects.toThrow(/lock timeout/);
    await holder.query('rollback');
    expect(await target.observe(observing)).not.toBeNull();
    expect(
      (await target.capture()).snapshot?.sections.settings.find(({ name }) => name === 'lock_timeout'),
    ).toMatchObject({
      value: '0',
    });
  });

  it('says that the log is not read when its lines do not tell who wrote them, and goes on once they do', async () => {
    await query(cluster(), `alter system set log_line_prefix = '%m '`);
    await query(cluster(), 'select pg_reload_conf()');
    const target = aTarget(cluster());
    await target.observe(observing);
    expect(await target.observe(observing)).toMatchObject({
      problems: [{ code: 'log-unread', hint: 'Put %p into log_line_prefix, or add csvlog to log_destination.' }],
    });
    await query(cluster(), 'alter system reset log_line_prefix');
    await query(cluster(), 'select pg_reload_conf()');
  });
});

describe('a log that rotates', () => {
  const settings = { log_connections: 'on', logging_collector: 'on', log_filename: '%Y-%m-%d_%H%M%S.log' };
  const cluster = useCluster({ major: 18, hba, settings });
  it('is read to the end of the old file and from the beginning of the new one', async () => {
    await prepare(cluster());
    const target = aTarget(cluster());
    for (let looks = 0; looks < 2; looks += 1) await target.observe(observing);
    await cameAndWent(cluster(), { application_name: 'before' });
    await loggedBy(cluster());
    await sleep(1_100);
    await query(cluster(), 'select pg_rotate_logfile()');
    await sleep(500);
    await cameAndWent(cluster(), { application_name: 'after' });
    await loggedBy(cluster());
    const seen = await target.observe(observing);
    expect(seen?.logged.filter(({ user }) => user === 'app')).toMatchObject([
      { applicationName: 'before' },
      { applicationName: 'after' },
    ]);
  });
});

async function writeOwned(cluster: Cluster, name: string, text: string): Promise<void> {
  const path = join(cluster.dataDir, name);
  await writeFile(path, text, { mode: 0o600 });
  if (cluster.systemUser) await chown(path, cluster.systemUser.uid, cluster.systemUser.gid);
}

/** The log's writer may lag: until this query's own connection stands in it. */
async function loggedBy(cluster: Cluster): Promise<void> {
  await query(cluster, 'select 1');
  await sleep(300);
}

function sorted(seen: readonly SeenPrincipal[] | null | undefined): readonly SeenPrincipal[] {
  return [...(seen ?? [])].sort((a, b) => (b.address ?? '').localeCompare(a.address ?? ''));
}
