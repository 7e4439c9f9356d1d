/** What a DBA reads when the store cannot be opened: each message names the thing and what mends it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createStore } from '../../store/postgres-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';

let cluster: Cluster;
const hba = `local all postgres trust
host refused all 127.0.0.0/8 reject
host all all 127.0.0.0/8 scram-sha-256
`;

beforeAll(async () => {
  cluster = await createCluster({ major: 17, hba });
  await asSuperuser(
    `create role clerk login password 'c'`,
    'create database refused',
    'create database prepared',
    'create role owner login',
  );
  const prepared = await open({ user: 'postgres', database: 'prepared', password: cluster.password });
  await prepared.close();
});

afterAll(async () => cluster?.remove());

async function asSuperuser(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

interface Where {
  readonly user?: string;
  readonly database?: string;
  readonly password?: string | null;
  readonly port?: number;
  readonly options?: string;
}

function open({ user = 'clerk', database = 'postgres', password = 'c', port = cluster.port, options = '' }: Where) {
  const connection = `postgresql://${user}@127.0.0.1:${port}/${database}${options}`;
  return createStore({ database: { connection, password: null }, password });
}

async function problemOf(where: Where): Promise<StoreError> {
  const error: unknown = await open(where).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

it('names the address when nobody answers there', async () => {
  const port = await freePort();
  const { problem, retryable } = await problemOf({ port });
  expect(problem.code).toBe('store-unreachable');
  expect(problem.message).toBe(`no answer from the store at 127.0.0.1:${port}`);
  expect(retryable).toBe(true);
});

it('tells a wrong password, and does not repeat it', async () => {
  const { problem, message } = await problemOf({ password: 'hunter2' });
  expect(problem).toMatchObject({ code: 'store-password', hint: 'Check the reference under store.password.' });
  expect(JSON.stringify(problem) + message).not.toContain('hunter2');
});

it('tells a refused connection, and where to allow it', async () => {
  expect((await problemOf({ database: 'refused' })).problem).toMatchObject({ code: 'store-access' });
});

it('gives the statement that makes a missing database', async () => {
  expect((await problemOf({ database: 'nowhere' })).problem.hint).toBe(
    'Run there: create database "nowhere" owner "clerk".',
  );
});

it('gives the grant that a user needs to make the tables', async () => {
  const { problem, retryable } = await problemOf({});
  expect(problem.code).toBe('store-privilege');
  expect(problem.hint).toBe('Run there: grant create on database "postgres" to "clerk".');
  expect(retryable).toBe(false);
});

it('gives the grants that a user needs to use tables of somebody else', async () => {
  expect((await problemOf({ database: 'prepared' })).problem.hint).toBe(
    'Run there: grant usage, create on schema knowngood to "clerk"; grant select, insert, update on all tables in schema knowngood to "clerk".',
  );
});

it('works once the grants that its hints name are given', async () => {
  await asSuperuser('create database granted owner clerk');
  const prepared = new pg.Client({ connectionString: cluster.url('postgres', 'prepared', cluster.password) });
  await prepared.connect();
  await prepared.query('grant usage, create on schema knowngood to clerk');
  await prepared.query('grant select, insert, update on all tables in schema knowngood to clerk');
  await prepared.end();
  for (const database of ['granted', 'prepared']) {
    const store = await open({ database });
    expect(await store.changes(null, 1)).toEqual([]);
    await store.close();
  }
});

it('says that the server speaks no TLS where TLS is asked for', async () => {
  const { problem } = await problemOf({ options: '?sslmode=require' });
  expect(problem).toMatchObject({ code: 'store-unreachable', detail: 'The server does not support SSL connections' });
});

it('names the setting that it cannot understand', async () => {
  expect((await problemOf({ options: '?sslmode=verify-ca' })).problem.code).toBe('store-connection');
});
