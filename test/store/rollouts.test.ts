/** One rollout at a time has a target. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
let store: Store;
beforeAll(async () => {
  const connection = `postgresql://postgres@127.0.0.1:${cluster().port}/postgres`;
  store = await createStore({ database: { connection, password: null }, password: cluster().password });
});
afterAll(() => store.close());

describe('a rollout', () => {
  it('takes all of its targets or none, and again the same', async () => {
    expect(await store.openRollout('one', 'w-one', ['a', 'b'])).toEqual({ kind: 'opened' });
    expect(await store.openRollout('one', 'w-one', ['a', 'b'])).toEqual({ kind: 'opened' });
    expect(await store.openRollout('two', 'w-two', ['c', 'b', 'a'])).toEqual({
      kind: 'held',
      by: [
        { target: 'a', rolloutId: 'one' },
        { target: 'b', rolloutId: 'one' },
      ],
    });
    expect(await store.rollout('two')).toBeNull();
    expect(await store.openRollout('three', 'w-three', ['c'])).toEqual({ kind: 'opened' });
  });

  it('lets them go at its end, and its name is used up', async () => {
    await store.closeRollout('one', 'done', { markdown: '# done\u0000', html: '<p>', json: { outcome: 'done' } });
    expect(await store.rolloutReport('one')).toEqual({ markdown: '# done', html: '<p>', json: { outcome: 'done' } });
    expect(await store.openRollout('one', 'w-one', ['a'])).toEqual({ kind: 'closed' });
    expect(await store.openRollout('two', 'w-two', ['a', 'b'])).toEqual({ kind: 'opened' });
    expect((await store.rollouts(10)).map(({ id, outcome }) => `${id} ${outcome}`).sort()).toEqual([
      'one done',
      'three null',
      'two null',
    ]);
  });

  it('is one of many that want the same at the same time', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        store.openRollout(`race-${n}`, 'w', n % 2 === 0 ? ['x', 'y', 'z'] : ['z', 'y', 'x']),
      ),
    );
    expect(all.filter(({ kind }) => kind === 'opened')).toHaveLength(1);
  });
});
