/** Guarded changes where nobody is a superuser: reader, reverter and prober with what `doctor --sql` prints. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ConfigChange } from '../../domain/change.ts';
import { command } from '../support/cli.ts';
import { runScript } from '../support/psql.ts';
import { useRig } from '../support/rig.ts';

const secret = 'sesame-4711';
process.env['PROBER_PASSWORD'] = secret;
const probersRule = 'host shop knowngood_prober 127.0.2.0/24 scram-sha-256';

const rig = useRig({
  soak: '500ms',
  agentYaml: () => 'allow: { sql: true }\n',
  checks: () => `      read:
        sql: { as: knowngood_prober, password: '\${env:PROBER_PASSWORD}', database: shop, source: 127.0.2.2, query: select 1 from images limit 1, sslmode: disable }
        level: required
`,
});

async function run(database: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client(rig().target.url('postgres', database));
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The agent logs in as that role from here on. */
async function agentIs(role: string): Promise<void> {
  const path = join(rig().folder, 'agent.yaml');
  await rig().stopAgent();
  const yaml = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    yaml
      .replace(/^connection: postgresql:\/\/\w+@/m, `connection: postgresql://${role}@`)
      .replace('target-password', 'role-password'),
  );
  await rig().startAgent();
}

async function outcomeOf(change: Omit<ConfigChange, 'kind'>) {
  return (await rig().start({ change: { kind: 'config', ...change } })).outcome();
}

beforeAll(async () => {
  const { target, folder } = rig();
  await run('postgres', 'create role app_owner', 'alter database shop owner to app_owner');
  await run('shop', 'create table images (id int)', 'alter table images owner to app_owner');
  appendFileSync(
    join(target.dataDir, 'pg_hba.conf'),
    `host all knowngood_reader,knowngood_reverter 127.0.0.0/8 scram-sha-256\n${probersRule}\n`,
  );
  await run('postgres', 'select pg_reload_conf()');
  const files = ['--config', join(folder, 'knowngood.yaml'), '--agent-config', join(folder, 'agent.yaml')];
  const printed = await command('doctor', '--sql', ...files);
  if (printed.code !== 0) throw new Error(printed.err);
  await runScript(target, printed.out);
  for (const name of ['reader', 'reverter', 'prober'])
    await run('postgres', `alter role knowngood_${name} password '${secret}'`);
  writeFileSync(join(folder, 'role-password'), secret);
}, 60_000);

it('an agent that is the reader takes a change of files back, and is told what it lacks for settings', async () => {
  await agentIs('knowngood_reader');
  const before = await rig().configuration();
  const denied = await outcomeOf({ hba: [{ remove: probersRule }] });
  expect(denied).toMatchObject({ outcome: 'reverted' });
  expect(await rig().configuration()).toEqual(before);
  const refused = await outcomeOf({ settings: { work_mem: '6MB' } });
  expect(refused).toMatchObject({ outcome: 'rejected' });
  expect(JSON.stringify(refused.problems)).toContain('grant alter system on parameter work_mem to');
  expect(await rig().configuration()).toEqual(before);
}, 60_000);

it('an agent that is the reverter keeps what is healthy, and takes settings, files and grants back', async () => {
  await agentIs('knowngood_reverter');
  expect(await outcomeOf({ settings: { work_mem: '6MB' } })).toMatchObject({ outcome: 'kept' });
  const before = await rig().configuration();
  const denied = await outcomeOf({ settings: { work_mem: '7MB' }, hba: [{ remove: probersRule }] });
  expect(denied).toMatchObject({ outcome: 'reverted' });
  expect(await rig().configuration()).toEqual(before);
  const revoked = await outcomeOf({
    sql: [{ database: 'shop', statement: 'revoke select on images from knowngood_prober' }],
  });
  expect(revoked).toMatchObject({ outcome: 'reverted' });
  expect(await outcomeOf({ settings: { work_mem: null } })).toMatchObject({ outcome: 'kept' });
}, 60_000);
