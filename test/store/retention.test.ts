/** What the store forgets, on a real PostgreSQL: beside an oracle that says of each row why it must stay, and beside who sees it again. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Cutoffs } from '../../domain/keep.ts';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { keepTidy } from '../../worker/tidy.ts';
import { command } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { aResult, anAdmittedChange, aSample, aSnapshot } from './builders.ts';

let cluster: Cluster;
let store: Store;
let sql: pg.Client;

beforeAll(async () => {
  cluster = await createCluster({ major: 17 });
  const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`;
  store = await createStore({ database: { connection, password: null }, password: cluster.password });
  sql = new pg.Client({ connectionString: cluster.url() });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await store?.close();
  await cluster?.remove();
});
beforeEach(() =>
  sql.query(`truncate knowngood.snapshots, knowngood.changes, knowngood.samples, knowngood.drifts cascade`),
);

const dayMs = 86_400_000;
const now = Date.now();
const cutoffs: Cutoffs = { snapshots: now - 90 * dayMs, samples: now - 90 * dayMs };
const ago = (days: number): Date => new Date(now - days * dayMs);

async function aSeen(n: number, target: string, days: number, bend: { changeId?: string; knownGood?: number } = {}) {
  const snapshot = aSnapshot(`${n.toString(16).padStart(8, '0')}`);
  await store.putSnapshot(target, snapshot, Buffer.alloc(1), bend.changeId ?? null);
  await sql.query(`update knowngood.snapshots set created_at = least(created_at, $2) where id = $1`, [
    snapshot.id,
    ago(days),
  ]);
  await sql.query(
    `update knowngood.sightings set last_seen_at = $3, known_good_at = $4 where snapshot_id = $1 and target = $2`,
    [snapshot.id, target, ago(days), bend.knownGood === undefined ? null : ago(bend.knownGood)],
  );
  return snapshot.id;
}

/** `closedDays` null: it is open. */
async function aChange(
  target: string,
  changeId: string,
  startedDays: number,
  closedDays: number | null,
  needs: string[] = [],
) {
  await store.openChange(anAdmittedChange({ target, changeId }), 'w', needs);
  if (closedDays !== null) await store.closeChange(target, changeId, aResult({ target, changeId }));
  await sql.query(`update knowngood.changes set started_at = $3, closed_at = $4 where target = $1 and change_id = $2`, [
    target,
    changeId,
    ago(startedDays),
    closedDays === null ? null : ago(closedDays),
  ]);
}

async function ids(): Promise<Set<string>> {
  const { rows } = await sql.query<{ id: string }>('select id from knowngood.snapshots');
  return new Set(rows.map(({ id }) => id));
}

async function pruned(): Promise<void> {
  for (;;) {
    const { snapshots, samples } = await store.prune(cutoffs);
    if (snapshots + samples === 0) return;
  }
}

describe('a snapshot', () => {
  it('that nobody needs goes, and the newest and the known-good one stay', async () => {
    const old = await aSeen(1, 'a', 100);
    const good = await aSeen(2, 'a', 200, { knownGood: 200 });
    const earlierGood = await aSeen(3, 'a', 300, { knownGood: 300 });
    const newest = await aSeen(4, 'a', 95);
    expect(await store.prunable(cutoffs)).toEqual({ snapshots: 2, samples: 0 });
    await pruned();
    expect(await ids()).toEqual(new Set([good, newest]));
    expect([old, earlierGood].length).toBe(2);
    expect((await store.snapshots('a', 10)).length).toBe(2);
  });

  it('that a restore which waits for its approval goes back to stays', async () => {
    const wanted = await aSeen(1, 'a', 400);
    await aSeen(2, 'a', 1);
    await aChange('a', 'restore', 2, null, [wanted]);
    await pruned();
    expect(await ids()).toContain(wanted);
    await store.closeChange('a', 'restore', aResult({ target: 'a', changeId: 'restore' }));
    await sql.query(`update knowngood.changes set closed_at = $1`, [ago(91)]);
    await pruned();
    expect(await ids()).not.toContain(wanted);
  });

  it('that was accepted stays on record', async () => {
    const accepted = await aSeen(1, 'a', 400);
    await aSeen(2, 'a', 1);
    const acceptance = { acceptId: 'x', snapshotId: accepted, requestedBy: 'kim', reason: '', approvals: [] };
    await store.accept('a', acceptance, null);
    await sql.query(`update knowngood.sightings set known_good_at = null`);
    await pruned();
    expect(await ids()).toContain(accepted);
  });

  it('that is seen again while it is removed is there afterwards', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = await aSeen(1, 'a', 100);
      await aSeen(2, 'a', 1);
      await Promise.all([store.prune(cutoffs), store.putSnapshot('a', aSnapshot('00000001'), Buffer.alloc(1), null)]);
      expect(await ids()).toContain(id);
      expect((await store.snapshots('a', 10)).map((row) => row.id)).toContain(id);
    }
  });

  const seed = Number(process.env['KNOWNGOOD_SEED'] ?? randomInt(2 ** 31));
  it(`of many, made at random, goes exactly when nothing speaks for it (KNOWNGOOD_SEED=${seed})`, async () => {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    const targets = ['a', 'b', 'c'];
    const seen: { id: string; target: string; days: number; good: number | null; changeId: string | null }[] = [];
    const changes = Array.from({ length: 12 }, (_, n) => ({
      target: targets[random(3)] ?? 'a',
      changeId: `c-${n}`,
      closed: random(4) === 0 ? null : random(200),
      needs: random(3) === 0 ? [random(40)] : [],
    }));
    const idOf = (n: number): string => aSnapshot(n.toString(16).padStart(8, '0')).id;
    for (const { target, changeId, closed, needs } of changes)
      await aChange(target, changeId, (closed ?? 300) + 1, closed, needs.map(idOf));
    for (let n = 0; n < 40; n += 1) {
      const target = targets[random(3)] ?? 'a';
      const days = 1 + random(250) + random(1_000) / 1_000;
      const good = random(4) === 0 ? days : null;
      const change = random(3) === 0 ? changes[random(12)] : undefined;
      const changeId = change?.target === target ? change.changeId : null;
      const bend = { ...(changeId === null ? {} : { changeId }), ...(good === null ? {} : { knownGood: good }) };
      seen.push({ id: await aSeen(n, target, days, bend), target, days, good, changeId });
    }
    const isRecent = (target: string, changeId: string | null): boolean =>
      changes.some((one) => one.target === target && one.changeId === changeId && (one.closed ?? 0) <= 90);
    const least = (all: readonly number[]): number => Math.min(...all);
    const stays = seen.filter(({ id, target, days, good, changeId }) => {
      const own = seen.filter((one) => one.target === target);
      const goods = own.flatMap((one) => (one.good === null ? [] : [one.good]));
      return (
        days <= 90 ||
        days === least(own.map((one) => one.days)) ||
        (good !== null && good === least(goods)) ||
        isRecent(target, changeId) ||
        changes.some(({ closed, needs }) => (closed ?? 0) <= 90 && needs.some((n) => idOf(n) === id))
      );
    });
    await pruned();
    expect([...(await ids())].toSorted()).toEqual(stays.map(({ id }) => id).toSorted());
  }, 60_000);
});

describe('measurements', () => {
  it('go with what their change was, and those of an open or a recent one stay', async () => {
    await aChange('a', 'old', 200, 100);
    await aChange('a', 'long', 200, 10);
    await aChange('a', 'open', 200, null);
    for (const changeId of ['old', 'long', 'open', 'unknown'])
      await store.addSamples('a', changeId, [aSample({ at: now - 150 * dayMs }), aSample({ at: now - 149 * dayMs })]);
    await store.addSamples('a', 'late', [aSample({ at: now - dayMs })]);
    expect(await store.prunable(cutoffs)).toMatchObject({ samples: 4 });
    await pruned();
    const left = async (changeId: string): Promise<number> => (await store.samples('a', changeId)).length;
    expect(await Promise.all(['old', 'long', 'open', 'unknown', 'late'].map(left))).toEqual([0, 2, 2, 0, 1]);
  });
});

it('a worker goes on until nothing is left, with the file as it is then, and ends when it is told to', async () => {
  for (let n = 0; n < 250; n += 1) await aSeen(n, 'a', 100 + n);
  const warnings: string[] = [];
  const tidying = keepTidy({
    store,
    keep: async () => ({ snapshotsMs: 90 * dayMs, samplesMs: null }),
    warn: (line) => void warnings.push(line),
    firstAfterMs: 0,
  });
  await eventually('only the newest is left', async () => (await ids()).size === 1);
  await tidying.stop();
  expect(warnings).toEqual([]);
}, 60_000);

describe('knowngood store prune', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'knowngood-prune-'));
    writeFileSync(join(folder, 'password'), cluster.password);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function configured(keep: string): string {
    const connection = `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`;
    const path = join(folder, 'knowngood.yaml');
    writeFileSync(
      path,
      `targets: { a: { connection: '${connection}' } }
store: { connection: '${connection}', password: '\${file:${folder}/password}'${keep} }
`,
    );
    return path;
  }

  it('says what would go, and removes it', async () => {
    for (let n = 0; n < 3; n += 1) await aSeen(n, 'a', 100 + n);
    const config = configured('');
    expect(await command('store', 'prune', '--dry-run', '--config', config)).toMatchObject({
      code: 0,
      out: 'would remove 2 snapshots and 0 measurements',
    });
    expect((await ids()).size).toBe(3);
    const removed = await command('store', 'prune', '--json', '--config', config);
    expect(removed.json()).toEqual({ version: 1, dryRun: false, snapshots: 2, samples: 0 });
    expect((await ids()).size).toBe(1);
  });

  it('keeps for as long as the file says, and for ever when it says so', async () => {
    for (let n = 0; n < 3; n += 1) await aSeen(n, 'a', 100 + n);
    for (const keep of [', keep: false', ', keep: { snapshots: false }', ', keep: { snapshots: 200d }'])
      expect((await command('store', 'prune', '--config', configured(keep))).out).toMatch(/^removed 0 snapshots/);
    const short = await command('store', 'prune', '--config', configured(', keep: { snapshots: 2h }'));
    expect(short).toMatchObject({ code: 1, err: expect.stringContaining('is shorter than 1d') });
    expect((await ids()).size).toBe(3);
  });
});
