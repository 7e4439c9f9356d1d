import { expect, it } from '@jest/globals';
import { restartOrder, restartRounds } from '../../../domain/managed/restart-order.ts';

for (const [name, moved, order] of [
  ['standbys go up first', [{ name: 'max_connections', from: 100, to: 200 }], 'standbys-first'],
  ['the leader goes down first', [{ name: 'max_connections', from: 200, to: 100 }], 'leader-first'],
  [
    'up goes before down',
    [
      { name: 'max_connections', from: 200, to: 100 },
      { name: 'max_worker_processes', from: 8, to: 16 },
    ],
    'standbys-first',
  ],
  ['what binds no standby: standbys first', [{ name: 'shared_buffers', from: 200, to: 100 }], 'standbys-first'],
  ['texts are neither up nor down', [{ name: 'wal_level', from: Number.NaN, to: Number.NaN }], 'standbys-first'],
  ['nothing has moved', [], 'standbys-first'],
] as const)
  it(name, () => expect(restartOrder(moved)).toBe(order));

it('asks standbys once more after their primary has gone down with what also goes up', () => {
  expect(restartRounds('standbys-first')).toEqual(['standbys', 'leader', 'standbys']);
  expect(restartRounds('leader-first')).toEqual(['leader', 'standbys']);
});
