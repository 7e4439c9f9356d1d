/** Which servers are refused, and with which words. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { doctorChecks } from '../../../targets/postgres/doctor.ts';
import type { PostgresTargetOptions } from '../../../targets/postgres/options.ts';
import type { Problem } from '../../../domain/problem.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, query, targetOf, targetOptions } from './server.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ major: 16 });
});
afterAll(async () => {
  await cluster?.remove();
});

async function identify(options: Partial<PostgresTargetOptions> = {}): Promise<readonly Problem[]> {
  const target = targetOf(cluster, options);
  try {
    const identified = await target.identify();
    return identified.kind === 'refused' ? identified.problems : [];
  } finally {
    await target.close();
  }
}

const at = (connection: string): Partial<PostgresTargetOptions> => ({ database: { connection, password: null } });

it('accepts a server of its own', async () => {
  expect(await identify()).toEqual([]);
});

it('connects by a socket folder', async () => {
  expect(await identify(at(`postgresql://postgres@/postgres?host=${cluster.socketDir}&port=${cluster.port}`))).toEqual(
    [],
  );
});

it.each([
  ['nobody listens', () => at('postgresql://postgres@127.0.0.1:1/postgres'), 'unreachable'],
  ['the password is wrong', () => ({ password: 'wrong' }), 'wrong-password'],
  ['the password is missing', () => ({ password: null }), 'no-password'],
  ['pg_hba.conf has no rule', () => at(`postgresql://stranger@127.0.0.1:${cluster.port}/postgres`), 'access-denied'],
  [
    'the database is not there',
    () => at(`postgresql://postgres@127.0.0.1:${cluster.port}/nowhere`),
    'no-such-database',
  ],
] as const)('refuses when %s', async (_, options, code) => {
  expect((await identify(options() as Partial<PostgresTargetOptions>)).map((problem) => problem.code)).toEqual([code]);
});

it('says which grants a role lacks', async () => {
  await query(cluster, "create role weak login password 'w'");
  await edit(cluster, 'pg_hba.conf', (text) => `${text}host all weak 127.0.0.0/8 scram-sha-256\n`);
  await query(cluster, 'select pg_reload_conf()');
  const [problem] = await identify({ ...at(`postgresql://weak@127.0.0.1:${cluster.port}/postgres`), password: 'w' });
  expect(problem?.code).toBe('insufficient-privilege');
  for (const grant of [
    'grant pg_read_all_settings to weak;',
    'grant select on pg_hba_file_rules to weak;',
    'grant execute on function pg_hba_file_rules() to weak;',
  ])
    expect(problem?.detail).toContain(grant);
  const grants = /Missing: (.*)$/.exec(problem?.detail ?? '')?.[1] ?? '';
  await query(cluster, grants);
});

it('wants the right to reload only where no signal reaches the server', async () => {
  const weak = { ...at(`postgresql://weak@127.0.0.1:${cluster.port}/postgres`), password: 'w' };
  expect(await identify(weak)).toEqual([]);
  const pidFile = join(cluster.dataDir, 'postmaster.pid');
  // As in another PID namespace: nobody sees a process.
  await rename(pidFile, `${pidFile}.away`);
  try {
    expect(await identify(weak)).toMatchObject([
      { code: 'insufficient-privilege', detail: 'Missing: grant execute on function pg_reload_conf() to weak;' },
    ]);
  } finally {
    await rename(`${pidFile}.away`, pidFile);
  }
  await query(cluster, 'grant execute on function pg_reload_conf() to weak');
  expect(await identify(weak)).toEqual([]);
});

it.each([
  ['Amazon RDS or Aurora', 'create role rdsadmin', 'drop role rdsadmin'],
  ['Google Cloud SQL', 'create role cloudsqladmin', 'drop role cloudsqladmin'],
  ['Azure Database for PostgreSQL', 'create role azuresu', 'drop role azuresu'],
])('names %s as the owner', async (owner, mark, unmark) => {
  await query(cluster, mark);
  expect(await identify()).toMatchObject([{ code: 'managed', message: `the server is managed by ${owner}` }]);
  await query(cluster, unmark);
});

it.each(['patroni.dynamic.json', 'postgresql.base.conf'])('recognises Patroni by %s', async (name) => {
  await writeFile(join(cluster.dataDir, name), '{}');
  expect(await identify()).toMatchObject([{ code: 'managed', message: 'the server is managed by Patroni' }]);
  await rm(join(cluster.dataDir, name));
});

it('recognises CloudNativePG by its mark in the configuration', async () => {
  await edit(cluster, 'postgresql.conf', (text) => `${text}cnpg.config_sha256 = 'abc'\n`);
  await query(cluster, 'select pg_reload_conf()');
  expect(await identify()).toMatchObject([{ code: 'managed', message: 'the server is managed by CloudNativePG' }]);
  await edit(cluster, 'postgresql.conf', (text) => text.replace(/^cnpg.*\n/m, ''));
  await query(cluster, 'select pg_reload_conf()');
});

it('tells the doctor what works, and what does not', async () => {
  const checks = await doctorChecks(targetOptions(cluster, { restart: null }));
  expect(checks.filter(({ ok }) => !ok)).toMatchObject([
    { name: 'role "postgres" can do no more than its work', problem: { code: 'more-than-needed' } },
    { name: 'the agent can restart the server', problem: { code: 'no-restart-command' } },
  ]);
});

it('refuses a standby', async () => {
  await writeFile(join(cluster.dataDir, 'standby.signal'), '');
  await cluster.restart();
  expect((await identify()).map(({ code }) => code)).toEqual(['standby']);
});
