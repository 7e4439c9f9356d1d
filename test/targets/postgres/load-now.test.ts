/** What goes on at a real server that speaks against a restart just now. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { loadReasons } from '../../../targets/postgres/load-now.ts';
import { Connection } from '../../../targets/postgres/session.ts';
import { useCluster } from '../../support/cluster.ts';

const cluster = useCluster();

it('transactions that run for long are counted, others are not', async () => {
  const [looks, works] = [new pg.Client(cluster().url()), new pg.Client(cluster().url())];
  await Promise.all([looks.connect(), works.connect()]);
  try {
    const session = new Connection(looks);
    await works.query('begin');
    await sleep(1_500);
    expect(await loadReasons(session)).toEqual([]);
    expect(await loadReasons(session, { longS: 1, lagS: 30 })).toEqual([
      { rule: 'longTransactions', text: expect.stringMatching(/^1 transaction\(s\) run for more than/) },
    ]);
    await works.query('commit');
    expect(await loadReasons(session, { longS: 1, lagS: 30 })).toEqual([]);
  } finally {
    await Promise.all([looks.end(), works.end()]);
  }
});
