/** What a snapshot sees of the catalogs: each class of object is changed, and exactly that is told. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { diffSnapshots } from '../../../domain/snapshot/diff.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../../worker/stack/cluster.ts';
import { cases, setUp, setUpShop } from './catalog-cases.ts';
import { edit, targetOf } from './server.ts';

const majors: readonly PostgresMajor[] = process.env['KNOWNGOOD_TEST_FULL'] ? [14, 15, 16, 17, 18] : [14, 18];

describe.each(majors)('PostgreSQL %d', (major) => {
  let cluster: Cluster;
  let target: Target;
  let last: Snapshot;

  beforeAll(async () => {
    cluster = await createCluster({ major });
    await run('postgres', setUp);
    await run('shop', setUpShop);
    target = targetOf(cluster);
    last = await taken(target);
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  async function run(database: string, sql: string): Promise<void> {
    const client = new pg.Client(cluster.url('postgres', database, cluster.password));
    await client.connect();
    try {
      // One at a time: CREATE DATABASE stands alone.
      for (const statement of sql.split(';')) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** What is told after `sql`, since the last snapshot; another agent sees the same. */
  async function toldAfter(database: string, sql: string): Promise<readonly (readonly [string, string])[]> {
    await run(database, sql);
    const now = await taken(target);
    const told = diffSnapshots(last, now).map(({ key, summary }) => [key, summary] as const);
    expect(now.id === last.id).toBe(told.length === 0);
    last = now;
    return told;
  }

  it('is the same twice', async () => {
    expect((await taken(target)).id).toBe(last.id);
  });

  it('holds nothing of what the system made', () => {
    const shop = last.sections.catalogs.find(({ database }) => database === 'template1');
    expect(shop).toMatchObject({ unread: null, defaults: [], rowSecurity: [] });
    expect(shop?.objects.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['schema public']);
    expect(last.sections.shared.map(({ name }) => name)).toEqual(['pg_default', 'pg_global']);
  });

  it.each(cases.filter(({ since = 0 }) => major >= since))(
    'tells of $sql',
    async ({ sql, database = 'shop', want }) => {
      expect(await toldAfter(database, sql)).toEqual(want);
    },
  );

  it('names a database that it may not read, and what would let it', async () => {
    expect(last.sections.catalogs.find(({ database }) => database === 'template0')?.unread).toBe(
      'it allows no connections',
    );
    await run('shop', "create role reader login password 'sesame'; grant pg_monitor to reader");
    await run(
      'postgres',
      `grant select on pg_file_settings, pg_hba_file_rules to reader;
      grant execute on function pg_show_all_file_settings(), pg_hba_file_rules(), pg_reload_conf() to reader`,
    );
    await edit(cluster, 'pg_hba.conf', (text) => `${text}host postgres,shop reader 127.0.0.0/8 scram-sha-256\n`);
    await run('postgres', 'select pg_reload_conf()');
    const reader = targetOf(cluster, {
      database: { connection: `postgresql://reader@127.0.0.1:${cluster.port}/postgres`, password: null },
      password: 'sesame',
    });
    try {
      const { snapshot, dirty } = await reader.capture();
      const unread = snapshot?.sections.catalogs.map((catalog) => [catalog.database, catalog.unread]);
      expect(unread).toEqual([
        ['postgres', null],
        ['shop', 'role "reader" may not connect: grant connect on database shop to reader'],
        ['template0', 'it allows no connections'],
        [
          'template1',
          'the server lets role "reader" in to other databases only: add a rule for template1 to pg_hba.conf',
        ],
      ]);
      expect(dirty.map(({ code, message }) => `${code}: ${message}`)).toEqual([
        'database-unread: the privileges in database "shop" could not be read',
        'database-unread: the privileges in database "template1" could not be read',
      ]);
      expect(
        diffSnapshots(await taken(target), snapshot as Snapshot).filter(({ section }) => section === 'catalogs'),
      ).toMatchObject([
        { key: 'catalog:shop', kind: 'changed' },
        { key: 'catalog:template1', kind: 'changed' },
      ]);
    } finally {
      await reader.close();
    }
  });

  it('names everything as SQL takes it', async () => {
    const { objects = [], rowSecurity = [] } = last.sections.catalogs.find(({ database }) => database === 'shop') ?? {};
    // Others may not own these.
    const superusers = new Set(['foreign data wrapper', 'foreign server']);
    const words = { routine: 'routine', column: null, 'large object': null } as const;
    const statements = objects.flatMap(({ kind, name, initial, of, column }) => {
      if (initial !== undefined) return [];
      if (kind === 'column') return [`revoke insert (${column}) on ${of} from app_svc`];
      const word = kind in words ? words[kind as 'routine'] : kind;
      const grant = /table|view/.test(kind) ? 'table' : kind === 'large object' ? kind : word;
      return [
        `grant all on ${grant} ${name} to owner_a`,
        `alter ${kind === 'foreign server' ? 'server' : kind} ${name} owner to ${superusers.has(kind) ? 'postgres' : 'owner_b'}`,
      ];
    });
    for (const { table } of rowSecurity) statements.push(`alter table ${table} no force row level security`);
    await expect(run('shop', statements.join(';'))).resolves.toBeUndefined();
  });
});

async function taken(target: Target): Promise<Snapshot> {
  const { snapshot }: Captured = await target.capture();
  if (snapshot === null) throw new Error('the server did not answer');
  return snapshot;
}
