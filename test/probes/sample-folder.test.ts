/** Samples that wait on disk for a store that refuses, hangs, or comes back only to the next process. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../../domain/check.ts';
import { openSampleFolder, type SampleFolder } from '../../probes/sample-folder.ts';
import { aSample, noon } from './builders.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let parent = '';
let folder = '';
let open: SampleFolder[] = [];
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'knowngood-samples-'));
  folder = join(parent, 'samples');
});
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
  await rm(parent, { recursive: true, force: true });
});

/** A store that can go away, and what it got. */
function aStore(away = false) {
  const got: { target: string; changeId: string; at: number }[] = [];
  const said: string[] = [];
  let asked = 0;
  const state = { away };
  const use = (where = folder): SampleFolder => {
    const opened = openSampleFolder({
      folder: where,
      warn: (line) => said.push(line),
      store: async (target, changeId, samples) => {
        asked += 1;
        if (state.away) throw new Error('no store');
        got.push(...samples.map(({ at }) => ({ target, changeId, at: at - noon })));
      },
    });
    open.push(opened);
    return opened;
  };
  return { got, said, state, use, asked: () => asked };
}

const batch = (at: number): Sample[] => [aSample({ at: noon + at })];
const waiting = async (): Promise<string[]> => readdir(folder).catch(() => []);

async function eventually(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 160 && !(await what()); tries += 1) await pause(50);
  expect(await what()).toBe(true);
}

describe('the folder of samples', () => {
  it('stays empty, and is not even made, while the store takes everything', async () => {
    const store = aStore();
    await store.use().record('shop-db', 'c1', batch(1));
    expect(store.got).toEqual([{ target: 'shop-db', changeId: 'c1', at: 1 }]);
    expect(await readdir(parent)).toEqual([]);
  });

  it('takes what the store refuses, for this user alone, and asks it no more for each batch', async () => {
    const store = aStore(true);
    const { record } = store.use();
    await pause(100);
    for (let at = 0; at < 5; at += 1) await record('shop-db', 'c1', batch(at));
    expect(store.asked()).toBe(1);
    expect(await waiting()).toHaveLength(5);
    for (const name of await waiting()) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('is emptied in order once the store is back, and then the store is asked at once again', async () => {
    const store = aStore(true);
    const { record } = store.use();
    for (let at = 0; at < 12; at += 1) await record('shop-db', 'c1', batch(at));
    store.state.away = false;
    await eventually(async () => (await waiting()).length === 0);
    expect(store.got.map(({ at }) => at)).toEqual(Array.from({ length: 12 }, (_, at) => at));
    await record('shop-db', 'c1', batch(99));
    expect(store.got.at(-1)?.at).toBe(99);
  });

  it('is what the next process finds and sends', async () => {
    const first = aStore(true);
    const before = first.use();
    await before.record('shop-db', 'c1', batch(1));
    await before.record('other-db', 'c2', batch(2));
    await before.close();
    const second = aStore();
    second.use();
    await eventually(() => second.got.length === 2);
    expect(second.got).toEqual([
      { target: 'shop-db', changeId: 'c1', at: 1 },
      { target: 'other-db', changeId: 'c2', at: 2 },
    ]);
    await eventually(async () => (await waiting()).length === 0);
  });

  it('does not let a damaged file hold the others up', async () => {
    const away = aStore(true);
    const before = away.use();
    await before.record('shop-db', 'c1', batch(1));
    await before.close();
    await writeFile(join(folder, '0-torn.json'), '{"target":"shop-d');
    const store = aStore();
    store.use();
    await eventually(() => store.got.length === 1);
    expect(store.said).toEqual([expect.stringContaining('0-torn.json is damaged')]);
  });

  it('says so to its caller when neither store nor disk takes the samples', async () => {
    await writeFile(folder, 'a file where the folder should be');
    const store = aStore(true);
    const { record } = store.use();
    await expect(record('shop-db', 'c1', batch(1))).rejects.toThrow('no store');
    store.state.away = false;
    await record('shop-db', 'c1', batch(2));
    expect(store.got.map(({ at }) => at)).toEqual([2]);
  });

  it('takes a store that hangs for one that is away', async () => {
    const hanging = openSampleFolder({ folder, store: () => new Promise(() => undefined) });
    await hanging.record('shop-db', 'c1', batch(1));
    const beganAt = performance.now();
    await hanging.record('shop-db', 'c1', batch(2));
    expect(performance.now() - beganAt).toBeLessThan(500);
    expect(await waiting()).toHaveLength(2);
    await hanging.close();
  });
});
