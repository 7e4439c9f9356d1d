/** The store against a real PostgreSQL: what is written comes back as it was, twice is once, and it mends itself. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Store } from '../../store/store.ts';
import { createStore } from '../../store/postgres-store.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { aResult, aSample, aSnapshot, anAdmittedChange, noon } from './builders.ts';

let cluster: Cluster;
let store: Store;

beforeAll(async () => {
  cluster = await createCluster({ major: 17 });
  store = await open();
});

afterAll(async () => {
  await store?.close();
  await cluster?.remove();
});

const open = (): Promise<Store> =>
  createStore({
    database: { connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`, password: null },
    password: cluster.password,
  });

describe('snapshots', () => {
  it('come back as they were, with their sealed body', async () => {
    const snapshot = aSnapshot('aaaaaa1');
    await store.putSnapshot('shop-db', snapshot, Buffer.from([0, 1, 255]), null);
    expect(JSON.stringify(await store.snapshot('shop-db', snapshot.id))).toBe(JSON.stringify(snapshot));
    expect(await store.sealedBody(snapshot.id)).toEqual(Buffer.from([0, 1, 255]));
  });

  it('keep what jsonb would refuse: a NUL and half a surrogate pair in a file', async () => {
    const snapshot = aSnapshot('aaaaaa2', 'a\u0000b\ud83d');
    await store.putSnapshot('shop-db', snapshot, Buffer.alloc(1), null);
    expect(await store.snapshot(null, snapshot.id)).toEqual(snapshot);
  });

  it('are kept packed, and those that an older release wrote as they are stay readable', async () => {
    const snapshot = aSnapshot('aaaaaa3', 'work_mem = 4MB\n'.repeat(10_000));
    await store.putSnapshot('shop-db', snapshot, Buffer.alloc(1), null);
    const client = new pg.Client(cluster.url());
    await client.connect();
    try {
      const { rows } = await client.query(
        'select length(packed) as size, document from knowngood.snapshots where id = $1',
        [snapshot.id],
      );
      expect(rows[0]).toMatchObject({ document: null });
      expect((rows[0] as { size: number }).size).toBeLessThan(JSON.stringify(snapshot).length / 10);
      await client.query('update knowngood.snapshots set packed = null, document = $2 where id = $1', [
        snapshot.id,
        JSON.stringify(snapshot),
      ]);
    } finally {
      await client.end();
    }
    expect(await store.snapshot('shop-db', snapshot.id)).toEqual(snapshot);
  });

  it('taken twice are listed once, as seen last, with the sealed body of today', async () => {
    const snapshot = aSnapshot('bbbbbb');
    await store.putSnapshot('twice', snapshot, Buffer.from('old key'), 'first');
    await store.putSnapshot('twice', aSnapshot('cccccc'), Buffer.from('x'), 'between');
    await store.putSnapshot('twice', snapshot, Buffer.from('new key'), 'second');
    const rows = await store.snapshots('twice', 10);
    expect(rows.map(({ id, changeId }) => [id, changeId])).toEqual([
      [snapshot.id, 'second'],
      [aSnapshot('cccccc').id, 'between'],
    ]);
    expect(await store.sealedBody(snapshot.id)).toEqual(Buffer.from('new key'));
    expect(await store.snapshots('twice', 1)).toHaveLength(1);
  });

  it('are found by a unique prefix, of this target only', async () => {
    await store.putSnapshot('one', aSnapshot('dddddd1'), Buffer.alloc(1), null);
    await store.putSnapshot('other', aSnapshot('dddddd2'), Buffer.alloc(1), null);
    expect((await store.snapshot('one', 'dddddd'))?.id).toBe(aSnapshot('dddddd1').id);
    expect(await store.snapshot('one', 'dddddd2')).toBeNull();
    expect(await store.snapshot('one', 'eeeeee')).toBeNull();
  });

  it('refuse a prefix that fits several, and what is no prefix at all', async () => {
    await expect(store.snapshot(null, 'dddddd')).rejects.toMatchObject({ problem: { code: 'ambiguous-snapshot-id' } });
    for (const bad of ['ddddd', '%%%%%%', "d'--dd", '']) {
      await expect(store.snapshot(null, bad)).rejects.toMatchObject({ problem: { code: 'bad-snapshot-id' } });
    }
  });

  it('become known-good, and the newest that did counts', async () => {
    expect(await store.knownGood('good')).toBeNull();
    for (const id of ['f00001', 'f00002']) await store.putSnapshot('good', aSnapshot(id), Buffer.alloc(1), null);
    await store.markKnownGood('good', aSnapshot('f00002').id, 'c1');
    await store.markKnownGood('good', aSnapshot('f00001').id, 'c2');
    const newest = await store.knownGood('good');
    expect(newest).toMatchObject({ id: aSnapshot('f00001').id, version: '17.10', target: 'good' });
    expect(newest?.knownGoodAt).toBeInstanceOf(Date);
  });
});

describe('changes', () => {
  it('are open until they are closed, and admitted twice are one', async () => {
    const change = anAdmittedChange();
    await store.openChange(change, 'knowngood:shop-db:more-memory');
    await store.openChange(change, 'knowngood:shop-db:more-memory');
    expect(await store.change('shop-db', 'more-memory')).toMatchObject({ outcome: null, result: null, closedAt: null });
    const result = aResult();
    await store.closeChange('shop-db', 'more-memory', result);
    await store.closeChange('shop-db', 'more-memory', result);
    expect(await store.change('shop-db', 'more-memory')).toMatchObject({
      workflowId: 'knowngood:shop-db:more-memory',
      requestedBy: 'anna',
      reason: 'Black Friday',
      outcome: 'reverted',
      result,
      closedAt: new Date(result.moments.closed),
    });
  });

  it('have their outcome recorded although the store was away at their start', async () => {
    await store.closeChange('shop-db', 'unseen', aResult({ changeId: 'unseen', outcome: 'kept' }));
    expect(await store.change('shop-db', 'unseen')).toMatchObject({ outcome: 'kept', startedAt: new Date(noon) });
  });

  it('are listed newest first, of one target or of all', async () => {
    await store.openChange(anAdmittedChange({ target: 'other-db', changeId: 'later' }), 'w');
    expect((await store.changes('shop-db', 10)).map(({ changeId }) => changeId)).toEqual(['more-memory', 'unseen']);
    expect((await store.changes(null, 1)).map(({ changeId }) => changeId)).toEqual(['later']);
    expect(await store.change('shop-db', 'nobody')).toBeNull();
  });
});

describe('samples', () => {
  it('come back in order, and a batch that comes twice counts once', async () => {
    const batch = [
      aSample({ at: noon + 2_000, mark: 'fail', class: 'access', code: '28000', message: 'no pg_hba.conf entry' }),
      aSample({ at: noon, latencyMs: 0.25 }),
      aSample({ at: noon, check: 'a/b', mark: 'fail', class: 'refused', forgiven: true }),
    ];
    await store.addSamples('shop-db', 'more-memory', batch);
    await store.addSamples('shop-db', 'more-memory', batch);
    expect(await store.samples('shop-db', 'more-memory')).toEqual([batch[2], batch[1], batch[0]]);
  });

  it('may be many, none, or hold a NUL in an error of somebody else', async () => {
    await store.addSamples('shop-db', 'many', []);
    await store.addSamples('shop-db', 'many', [aSample({ at: noon - 1, mark: 'error', message: 'bad\u0000byte' })]);
    const many = Array.from({ length: 4_500 }, (_, index) => aSample({ at: noon + index }));
    await store.addSamples('shop-db', 'many', many);
    const found = await store.samples('shop-db', 'many');
    expect(found).toHaveLength(4_501);
    expect(found[0]?.message).toBe('badbyte');
  });
});

describe('reports', () => {
  it('are replaced by the newest', async () => {
    await store.putReport('shop-db', 'c', {
      id: 'shop-db:c',
      html: '<p>',
      markdown: '# a',
      json: { a: 1 },
      evidence: null,
    });
    const report = { id: 'shop-db:c', html: '<p>é', markdown: '# b', json: { b: [2, null] }, evidence: '{}\n' };
    await store.putReport('shop-db', 'c', report);
    expect(await store.report('shop-db', 'c')).toEqual(report);
    expect(await store.report('shop-db', 'none')).toBeNull();
  });
});

describe('the connection', () => {
  it('is made by several processes at once, and the tables once', async () => {
    const together = await Promise.all([open(), open(), open(), open(), open()]);
    for (const each of together) expect(await each.snapshots('nobody', 1)).toEqual([]);
    await Promise.all(together.map((each) => each.close()));
  });

  it('comes back by itself after the server was restarted', async () => {
    await store.changes(null, 1);
    await cluster.restart();
    expect(await store.changes(null, 1)).toHaveLength(1);
  });

  it('survives that the server goes away under statements that run, and says so', async () => {
    const running = Array.from({ length: 8 }, async (_, index) => {
      for (let round = 0; round < 200; round += 1) await store.samples(`t-${index}`, 'c').catch(() => undefined);
    });
    await cluster.stop('immediate');
    await Promise.all(running);
    await cluster.start();
    expect(await store.changes(null, 1)).toHaveLength(1);
  });

  it('says so while the server is down, and closes twice without a complaint', async () => {
    const lonely = await open();
    await cluster.stop();
    await expect(lonely.changes(null, 1)).rejects.toMatchObject({
      problem: { code: 'store-unreachable' },
      retryable: true,
    });
    await cluster.start();
    expect(await lonely.changes(null, 1)).toHaveLength(1);
    await lonely.close();
    await lonely.close();
  });
});
