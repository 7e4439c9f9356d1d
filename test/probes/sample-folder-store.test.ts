/** Samples that a real store did not take while it was down are in it once it is up. */
import { afterAll, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSampleFolder } from '../../probes/sample-folder.ts';
import { lazyStore } from '../../store/lazy-store.ts';
import { createStore } from '../../store/postgres-store.ts';
import { useCluster } from '../support/cluster.ts';
import { aFailure, aSample, noon } from './builders.ts';

const cluster = useCluster();
const store = lazyStore(() =>
  createStore({
    database: { connection: `postgresql://postgres@127.0.0.1:${cluster().port}/postgres`, password: null },
    password: cluster().password,
  }),
);
afterAll(() => store.close());

it('bridges an outage of the store, without a sample lost or counted twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'knowngood-samples-'));
  const samples = openSampleFolder({ folder, store: (...batch) => store.addSamples(...batch) });
  const second = (at: number) => [
    aSample({ at: noon + at * 1_000 }),
    { ...aFailure('refused', 'ECONNREFUSED'), at: noon + at * 1_000 + 500 },
  ];
  const send = (at: number): Promise<void> => samples.record('shop-db', 'c1', second(at));
  await send(0);
  await cluster().stop();
  for (const at of [1, 2, 3]) await send(at);
  expect(await readdir(folder)).toHaveLength(3);
  await cluster().start();
  for (let tries = 0; tries < 240 && (await readdir(folder)).length > 0; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await send(4);
  await send(0);
  await samples.close();
  expect(await store.samples('shop-db', 'c1')).toEqual([0, 1, 2, 3, 4].flatMap(second));
  await rm(folder, { recursive: true });
});
