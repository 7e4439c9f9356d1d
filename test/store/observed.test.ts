/** Observed access in a real store: batches add up, and what it holds of a target is bounded. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { useCluster } from '../support/cluster.ts';
import { noon } from './builders.ts';

const cluster = useCluster();
let store: Store;
beforeAll(async () => {
  const { port, password } = cluster();
  const connection = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  store = await createStore({ database: { connection, password: null }, password });
});
afterAll(() => store?.close());

function aPrincipal(bend: Partial<ObservedPrincipal> = {}): ObservedPrincipal {
  return {
    user: 'image_svc',
    database: 'shop',
    address: '10.2.0.4',
    tls: true,
    replication: false,
    applicationName: 'images',
    firstSeen: noon,
    lastSeen: noon + 60_000,
    count: 1,
    ...bend,
  };
}

it('principals come back as they were, sorted, each target with its own', async () => {
  const principals = [
    aPrincipal({ user: 'B', count: 2 ** 40 }),
    aPrincipal({ user: 'a', address: null }),
    aPrincipal({ user: 'a', address: '10.2.0.4', tls: false }),
    aPrincipal({ user: 'a', address: '10.2.0.4' }),
    aPrincipal({ user: 'ü "x', address: 'fd00::1', database: 'replication', replication: true, applicationName: '' }),
  ];
  await store.addObserved('one', principals.toReversed());
  await store.addObserved('other', [aPrincipal()]);
  await store.addObserved('other', []);
  expect(await store.observed('one')).toEqual(principals);
  expect(await store.observed('other')).toEqual([aPrincipal()]);
  expect(await store.observed('nobody')).toEqual([]);
});

it('batches add up in whatever order they come', async () => {
  const later = aPrincipal({ firstSeen: noon + 90_000, lastSeen: noon + 120_000, count: 3, applicationName: 'v2' });
  const unnamed = aPrincipal({ firstSeen: noon + 150_000, lastSeen: noon + 150_000, count: 0, applicationName: '' });
  for (const batch of [[later], [aPrincipal()], [unnamed]]) await store.addObserved('adds', batch);
  expect(await store.observed('adds')).toEqual([
    aPrincipal({ lastSeen: noon + 150_000, count: 4, applicationName: 'v2' }),
  ]);
});

it('a check of ours does not hide the name of the service that comes the same way', async () => {
  const check = aPrincipal({ lastSeen: noon + 90_000, applicationName: 'knowngood-probe' });
  for (const batch of [[check], [aPrincipal()], [check]]) await store.addObserved('checked', batch);
  expect(await store.observed('checked')).toMatchObject([{ applicationName: 'images', count: 3 }]);
});

it('of ten thousand and more, those seen longest ago are forgotten', async () => {
  const many = Array.from({ length: 10_050 }, (_, at) =>
    aPrincipal({ user: `u${String(at).padStart(5, '0')}`, lastSeen: noon + at }),
  );
  await store.addObserved('many', many);
  await store.addObserved('many', [aPrincipal({ user: 'new', lastSeen: noon + 20_000 })]);
  const kept = await store.observed('many');
  expect(kept).toHaveLength(10_000);
  expect(kept[0]?.user).toBe('new');
  expect(kept[1]?.user).toBe('u00051');
});
