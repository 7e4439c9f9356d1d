/** The store comes back from PostgreSQL's own backup, as docs/store.md says it is made. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';
import pg from 'pg';
import { findDumper } from '../../bench/dump.ts';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { aResult, anAdmittedChange, aSample, aSnapshot } from './builders.ts';

const open = (of: Cluster, database: string): Promise<Store> =>
  createStore({
    database: { connection: `postgresql://postgres@127.0.0.1:${of.port}/${database}`, password: null },
    password: of.password,
  });

async function everything(store: Store): Promise<unknown> {
  const [snapshots, changes] = [await store.snapshots('shop-db', 10), await store.changes(null, 10)];
  return {
    snapshots,
    bodies: await Promise.all(snapshots.map(({ id }) => Promise.all([store.snapshot(null, id), store.sealedBody(id)]))),
    changes,
    samples: await store.samples('shop-db', 'c-1'),
    drift: await store.drift('shop-db'),
    knownGood: await store.knownGood('shop-db'),
  };
}

it('whole, into an empty database, and goes on from there', async () => {
  const dumper = await findDumper();
  if (dumper === null) {
    console.log('pg_dump is not to be had: the backup was not tried out here');
    return;
  }
  const cluster = await createCluster({ major: dumper.major });
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-backup-'));
  const left: (() => Promise<unknown>)[] = [];
  try {
    const store = await open(cluster, 'postgres');
    left.push(() => store.close());
    const snapshot = aSnapshot('aaaaaaaa');
    await store.putSnapshot('shop-db', snapshot, Buffer.from([0, 1, 255]), 'c-1');
    await store.markKnownGood('shop-db', snapshot.id, 'c-1');
    await store.openChange(anAdmittedChange({ target: 'shop-db', changeId: 'c-1' }), 'w');
    await store.addSamples('shop-db', 'c-1', [aSample()]);
    await store.closeChange('shop-db', 'c-1', aResult({ target: 'shop-db', changeId: 'c-1' }));
    await store.sawDrift('shop-db', {
      fingerprint: 'f',
      knownGoodId: snapshot.id,
      snapshotId: snapshot.id,
      items: ['setting:work_mem'],
      at: Date.now(),
      knownGoodAt: null,
    });
    const before = await everything(store);
    const { PATH } = process.env;
    const env = {
      PATH,
      PGHOST: '127.0.0.1',
      PGPORT: String(cluster.port),
      PGUSER: 'postgres',
      PGPASSWORD: cluster.password,
    };
    const run = (program: string, ...args: string[]) =>
      execa(join(dumper.bin, program), args, { env, extendEnv: false });
    const file = join(folder, 'store.dump');
    await run('pg_dump', '--format=custom', '--schema=knowngood', `--file=${file}`, 'postgres');
    const sql = new pg.Client({ connectionString: cluster.url() });
    await sql.connect();
    left.push(() => sql.end());
    await sql.query('create database elsewhere');
    await run('pg_restore', '--exit-on-error', '--dbname=elsewhere', file);
    const restored = await open(cluster, 'elsewhere');
    left.push(() => restored.close());
    expect(await everything(restored)).toEqual(before);
    // Ids and locks go on, too.
    expect(await restored.sawNoDrift('shop-db', Date.now())).toMatchObject({ goneAt: expect.any(Number) });
    await restored.putSnapshot('shop-db', aSnapshot('bbbbbbbb'), Buffer.alloc(1), null);
    expect(await restored.snapshots('shop-db', 10)).toHaveLength(2);
  } finally {
    for (const close of left.reverse()) await close();
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
