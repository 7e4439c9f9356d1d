/** A pooler between check and server: a server connection from before the change proves nothing of today's access. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { SqlCheck } from '../../domain/check.ts';
import { measureSql } from '../../probes/sql.ts';
import { useCluster } from '../support/cluster.ts';
import { aSqlCheck } from './builders.ts';
import { openSessionPooler, type SessionPooler } from './session-pooler.ts';

const cluster = useCluster({ hba: 'local all postgres trust\nhost all all 127.0.0.0/8 trust\n' });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let pooler: SessionPooler;

beforeAll(async () => {
  const client = new pg.Client({ connectionString: cluster().url() });
  await client.connect();
  await client.query('create role image_svc login');
  await client.end();
  pooler = await openSessionPooler(cluster());
});
afterAll(() => pooler?.close());

const ask = (bent: Partial<SqlCheck> = {}) =>
  measureSql(aSqlCheck({ port: pooler.port, ...bent }), (reference) => Promise.resolve(reference));

it('passes while the pooler opens a server connection for it', async () => {
  expect(await ask()).toMatchObject({ mark: 'pass' });
  expect(pooler.opened()).toBe(1);
});

it('is no data, and no pass, on a server connection that is older than the check', async () => {
  await pause(300);
  expect(await ask()).toEqual({
    mark: 'no-data',
    class: 'pooled',
    code: null,
    message: 'a pooler answered with a server connection that is older than this check',
  });
  expect(pooler.opened()).toBe(1);
});

it('leaves the pooled connection as it found it: no transaction, no setting', async () => {
  await pause(300);
  const client = new pg.Client({ host: '127.0.0.1', port: pooler.port, user: 'image_svc', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query(
    `select current_setting('statement_timeout') as timeout, current_setting('transaction_read_only') as read_only`,
  );
  await client.end();
  expect(rows).toEqual([{ timeout: '0', read_only: 'off' }]);
  expect(pooler.opened()).toBe(1);
});

it('passes again on a connection of its own', async () =>
  expect(await ask({ port: cluster().port })).toMatchObject({ mark: 'pass' }));
