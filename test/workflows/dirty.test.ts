/** A server whose files say something else than what runs: refused with the reasons, or gone on from and recorded. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { createStore } from '../../store/postgres-store.ts';
import { eventually } from '../support/processes.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig();
const change = { kind: 'config', settings: { work_mem: '6MB' } } as const;

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: rig().target.url() });
  await client.connect();
  await client.query(text);
  await client.end();
}

it('refuses a dirty baseline, naming each reason and its remedy', async () => {
  await sql("alter system set max_connections = '77'");
  await sql('select pg_reload_conf()');
  const result = await (await rig().start({ change })).outcome();
  expect(result).toMatchObject({ outcome: 'rejected', reason: 'target-dirty' });
  expect(result.problems).toMatchObject([{ code: 'pending-restart', hint: expect.stringContaining('Restart') }]);
});

it('goes on where somebody says so, and the report names both the override and the reasons', async () => {
  const handle = await rig().start({ change, overrides: { allowDirty: true } });
  expect(await handle.outcome()).toMatchObject({ outcome: 'kept' });
  const yaml = await readFile(join(rig().folder, 'agent.yaml'), 'utf8');
  const connection = /store: \{ connection: '([^']+)'/.exec(yaml)?.[1] ?? '';
  const password = await readFile(join(rig().folder, 'store-password'), 'utf8');
  const store = await createStore({ database: { connection, password: null }, password });
  try {
    let markdown = '';
    await eventually('the report is stored', async () => {
      markdown = (await store.report(rig().targetName, handle.changeId))?.markdown ?? '';
      return markdown !== '';
    });
    expect(markdown).toContain('goes on from a dirty server');
    expect(markdown).toMatch(/allowed although not clean: setting "max\\?_connections" waits for a restart/);
  } finally {
    await store.close();
  }
});
