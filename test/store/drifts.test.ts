/** What the store remembers of drift, on a real PostgreSQL: one at a time, told once, and who accepted what. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { tellingOf } from '../../domain/drift/telling.ts';
import type { Store } from '../../store/store.ts';
import { createStore } from '../../store/postgres-store.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { aSnapshot, noon } from './builders.ts';

let cluster: Cluster;
let store: Store;

beforeAll(async () => {
  cluster = await createCluster({ major: 17 });
  const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`;
  store = await createStore({ database: { connection, password: null }, password: cluster.password });
});

afterAll(async () => {
  await store?.close();
  await cluster?.remove();
});

const minuteMs = 60_000;
const seen = (fingerprint: string, minutes: number) => ({
  fingerprint,
  knownGoodId: 'good',
  snapshotId: `live-${fingerprint}`,
  items: Array.from(fingerprint, (name) => `setting:${name}`),
  at: noon + minutes * minuteMs,
  knownGoodAt: noon - 60 * minuteMs,
});

describe('a drift', () => {
  it('is not before the last clean look, and goes on while it is the same', async () => {
    expect(await store.drift('a')).toBeNull();
    expect(await store.sawNoDrift('a', noon)).toBeNull();
    expect(await store.cleanAt('a')).toBe(noon);
    const first = await store.sawDrift('a', seen('x', 5));
    expect(first).toMatchObject({
      notBefore: noon,
      firstSeen: noon + 5 * minuteMs,
      toldAt: null,
      tellings: 0,
      goneAt: null,
    });
    const again = await store.sawDrift('a', { ...seen('x', 10), knownGoodId: 'better' });
    expect(again).toEqual({ ...first, knownGoodId: 'better', lastSeen: noon + 10 * minuteMs });
    expect(await store.cleanAt('a')).toBe(noon);
  });

  it('is not before its known-good where nobody has looked yet', async () => {
    expect(await store.sawDrift('b', seen('x', 0))).toMatchObject({ notBefore: noon - 60 * minuteMs });
    expect(await store.sawDrift('c', { ...seen('x', 0), knownGoodAt: null })).toMatchObject({ notBefore: null });
  });

  it('that takes the place of one that was told follows it, and one that nobody knew does not', async () => {
    const unknown = await store.sawDrift('d', seen('x', 0));
    const second = await store.sawDrift('d', seen('y', 5));
    expect(second).toMatchObject({ notBefore: unknown.lastSeen, followsTold: false });
    await store.toldDrift(second, { at: noon + 5 * minuteMs, ringing: ['one'], dependents: ['shop'] });
    const third = await store.sawDrift('d', seen('x', 10));
    expect(third).toMatchObject({ followsTold: true, tellings: 0, ringing: ['one'], toldOf: ['shop'] });
    expect(third.id).not.toBe(unknown.id);
    // It was not told yet, and it takes the place of one that was.
    expect(await store.sawDrift('d', seen('z', 15))).toMatchObject({ followsTold: true });
  });

  it('says of each item since when: one that was there before does not become younger by another', async () => {
    await store.sawNoDrift('i', noon);
    const span = (from: number, to: number) => ({ notBefore: noon + from * minuteMs, firstSeen: noon + to * minuteMs });
    await store.sawDrift('i', seen('x', 5));
    await store.sawDrift('i', seen('x', 10));
    const joined = await store.sawDrift('i', seen('xy', 15));
    expect(joined).toMatchObject({ ...span(10, 15), items: { 'setting:x': span(0, 5), 'setting:y': span(10, 15) } });
    const left = await store.sawDrift('i', seen('y', 20));
    expect(left.items).toEqual({ 'setting:y': span(10, 15) });
    // What went and came again is new.
    expect((await store.sawDrift('i', seen('xy', 25))).items).toMatchObject({ 'setting:x': span(20, 25) });
    await store.sawNoDrift('i', noon + 30 * minuteMs);
    expect((await store.sawDrift('i', seen('y', 35))).items).toEqual({ 'setting:y': span(30, 35) });
  });

  it('is gone once, and told to be once', async () => {
    const told = await store.sawDrift('e', seen('x', 0));
    await store.toldDrift(told, { at: noon, ringing: [], dependents: [] });
    const gone = await store.sawNoDrift('e', noon + 5 * minuteMs);
    expect(gone).toMatchObject({ id: told.id, tellings: 1, goneAt: noon + 5 * minuteMs, goneToldAt: null });
    // Nobody was told: the next look says it again.
    const still = await store.sawNoDrift('e', noon + 10 * minuteMs);
    expect(still).toEqual(gone);
    if (still === null) throw new Error('it was there');
    expect(tellingOf(still, noon)).toBe('gone');
    await store.toldDrift(still, { at: noon + 10 * minuteMs, ringing: [], dependents: [] });
    expect(await store.drift('e')).toMatchObject({ tellings: 1, goneToldAt: noon + 10 * minuteMs });
  });

  it('that comes again before anybody was told that it is gone goes on for people', async () => {
    const told = await store.sawDrift('h', seen('x', 0));
    await store.toldDrift(told, { at: noon, ringing: ['one'], dependents: ['shop'] });
    await store.sawNoDrift('h', noon + 5 * minuteMs);
    const again = await store.sawDrift('h', seen('x', 10));
    expect(again).toMatchObject({ followsTold: true, ringing: ['one'], toldOf: ['shop'] });
    // Nobody was told of this one either, and it is gone: what rings has to end.
    const gone = await store.sawNoDrift('h', noon + 15 * minuteMs);
    expect(gone === null ? null : tellingOf(gone, noon)).toBe('gone');
  });

  it('is one, however many look at the same time', async () => {
    const looks = await Promise.all(Array.from({ length: 8 }, (_, at) => store.sawDrift('f', seen('x', at))));
    expect(new Set(looks.map(({ id }) => id)).size).toBe(1);
  });
});

describe('looks that fail', () => {
  it('are remembered since the first one, until one does not', async () => {
    expect(await store.looks('n')).toEqual({ failingSince: null, toldAt: null });
    expect(await store.missedLook('n', noon)).toEqual({ failingSince: noon, toldAt: null });
    await store.missedLook('n', noon + minuteMs);
    await store.toldLooks('n', noon + 2 * minuteMs);
    expect(await store.looks('n')).toEqual({ failingSince: noon, toldAt: noon + 2 * minuteMs });
    await store.sawNoDrift('n', noon + 3 * minuteMs);
    expect(await store.looks('n')).toEqual({ failingSince: null, toldAt: noon + 2 * minuteMs });
    await store.toldLooks('n', null);
    await store.missedLook('n', noon + 4 * minuteMs);
    expect(await store.looks('n')).toEqual({ failingSince: noon + 4 * minuteMs, toldAt: null });
    await store.sawDrift('n', seen('x', 5));
    expect((await store.looks('n')).failingSince).toBeNull();
    expect(await store.cleanAt('n')).toBe(noon + 3 * minuteMs);
  });
});

describe('what is known-good', () => {
  it('has an order also when many become it at the same time: nobody takes the place of what he did not see', async () => {
    const snapshots = Array.from({ length: 6 }, (_, n) => aSnapshot(`c${n}c${n}c${n}`));
    for (const snapshot of snapshots) await store.putSnapshot('k', snapshot, Buffer.alloc(1), null);
    const [first] = snapshots;
    if (first === undefined) throw new Error('there are six');
    await store.markKnownGood('k', first.id, null);
    const acceptance = { requestedBy: 'alex', reason: '', approvals: [] };
    const answers = await Promise.all(
      snapshots
        .slice(1)
        .map(({ id }, n) => store.accept('k', { ...acceptance, acceptId: `at-once-${n}`, snapshotId: id }, first.id)),
    );
    expect(answers.toSorted()).toEqual(['accepted', 'moved', 'moved', 'moved', 'moved']);
  });

  it('an acceptance waits for a change that is being kept, and sees it', async () => {
    const [was, kept, wanted] = [aSnapshot('d1d1d1'), aSnapshot('d2d2d2'), aSnapshot('d3d3d3')];
    for (const snapshot of [was, kept, wanted]) await store.putSnapshot('m', snapshot, Buffer.alloc(1), null);
    await store.markKnownGood('m', was.id, null);
    const other = new pg.Client({ connectionString: cluster.url() });
    await other.connect();
    try {
      // A change that is being kept, at the moment before it is certain.
      await other.query('begin');
      await other.query(`select pg_advisory_xact_lock(hashtext('knowngood known-good m'))`);
      await other.query(
        `update knowngood.sightings set known_good_at = clock_timestamp() where target = 'm' and snapshot_id = $1`,
        [kept.id],
      );
      const acceptance = { acceptId: 'late', snapshotId: wanted.id, requestedBy: 'alex', reason: '', approvals: [] };
      const answer = store.accept('m', acceptance, was.id);
      await sleep(200);
      await other.query('commit');
      expect(await answer).toBe('moved');
      expect(await store.knownGood('m')).toMatchObject({ id: kept.id });
    } finally {
      await other.end();
    }
  });
});

describe('an acceptance', () => {
  const acceptance = (acceptId: string, snapshotId: string) => ({
    acceptId,
    snapshotId,
    requestedBy: 'alex',
    reason: 'it is meant so',
    approvals: [{ who: 'kim', claim: null, why: 'seen', at: noon }],
  });

  it('makes its snapshot known-good, and is remembered with who and why', async () => {
    const [one, two] = [aSnapshot('aaa111'), aSnapshot('bbb222')];
    for (const snapshot of [one, two]) await store.putSnapshot('g', snapshot, Buffer.alloc(1), null);
    expect(await store.accept('g', acceptance('first', one.id), null)).toBe('accepted');
    expect(await store.knownGood('g')).toMatchObject({ id: one.id });
    expect(await store.acceptance('g', one.id)).toMatchObject(acceptance('first', one.id));
    expect(await store.acceptance('g', two.id)).toBeNull();
    // Something else is known-good by now than what people were shown.
    expect(await store.accept('g', acceptance('second', two.id), null)).toBe('moved');
    expect(await store.acceptance('g', two.id)).toBeNull();
    expect(await store.accept('g', acceptance('second', two.id), one.id)).toBe('accepted');
    // The answer of the first was lost, and it is asked again: what came later stays.
    expect(await store.accept('g', acceptance('first', one.id), null)).toBe('accepted');
    expect(await store.knownGood('g')).toMatchObject({ id: two.id });
    // An id is used once: what it did not accept is not known-good by it.
    expect(await store.accept('g', acceptance('first', two.id), two.id)).toBe('taken');
  });

  it('of a snapshot that the store does not have is none', async () => {
    await expect(
      store.accept('g', acceptance('third', 'f'.repeat(64)), (await store.knownGood('g'))?.id ?? null),
    ).rejects.toThrow();
    expect(await store.acceptance('g', 'f'.repeat(64))).toBeNull();
  });
});
