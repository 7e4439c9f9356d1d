/** A failing check takes back only what explains it; the rest of the change stays, or everything goes. On real parts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { useRig } from '../support/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-scoped-'));
const secret = join(folder, 'secret');
writeFileSync(secret, 'image-secret');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rig = useRig({
  agentYaml: () => 'allow: { sql: true }',
  checks: () => `      table:
        sql: { as: image_svc, password: '\${file:${secret}}', database: shop, source: 127.0.2.1, query: select count(*) from needed, sslmode: disable }
        level: required`,
});

const has = (name: string): string => readFileSync(join(rig().target.dataDir, name), 'utf8');

async function sql(statement: string, database = 'postgres'): Promise<void> {
  const client = new pg.Client({ connectionString: rig().target.url('postgres', database) });
  await client.connect();
  await client.query(statement);
  await client.end();
}

beforeEach(() => sql('create table if not exists needed (); grant select on needed to image_svc', 'shop'));

describe('with --scoped', () => {
  it('the rule that is missing comes back, and the setting of the same change stays', async () => {
    const before = has('pg_hba.conf');
    const change = await rig().start({
      change: {
        kind: 'config',
        settings: { work_mem: '11MB' },
        files: { 'pg_hba.conf': await rig().hbaWithoutDependent() },
      },
      overrides: { scoped: true },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'kept', reason: 'kept-in-part', dependents: 'recovered' });
    expect(result.summary).toMatch(/^kept: without file:.*pg_hba\.conf; every required check was healthy/);
    expect(result.attribution).toMatchObject([{ items: [expect.stringMatching(/pg_hba\.conf$/)] }]);
    expect(has('pg_hba.conf')).toBe(before);
    expect(has('postgresql.auto.conf')).toContain("work_mem = '11MB'");
    const { row } = await rig().recorded(change.changeId);
    expect(row).toMatchObject({ outcome: 'kept' });
    await sql('alter system reset work_mem');
    await sql('select pg_reload_conf()');
  });

  it('a role that lost its LOGIN gets it back by SQL', async () => {
    const change = await rig().start({
      change: {
        kind: 'config',
        settings: { maintenance_work_mem: '65MB' },
        sql: [{ database: 'postgres', statement: 'alter role image_svc nologin' }],
      },
      overrides: { scoped: true },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'kept', reason: 'kept-in-part' });
    expect(result.summary).toContain('role:image_svc');
    expect(has('postgresql.auto.conf')).toContain("maintenance_work_mem = '65MB'");
    await sql('alter system reset maintenance_work_mem');
    await sql('select pg_reload_conf()');
  });

  it('what does not help is followed by the whole revert', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'external' }, overrides: { scoped: true } });
    await change.executeUpdate('awaitArmed');
    writeFileSync(join(rig().target.dataDir, 'pg_hba.conf'), await rig().hbaWithoutDependent());
    // Not part of any snapshot, and the dependent needs it as well.
    await sql('drop table needed', 'shop');
    await sql('select pg_reload_conf()');
    await change.executeUpdate('applied', { args: [{ exitCode: 0 }] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed', dependents: 'still-failing' });
    expect(result.timeline.map(({ text }) => text).join('\n')).toMatch(/taking back only .*pg_hba\.conf/);
    expect(await rig().configuration()).toEqual(before);
  });

  it('without an explanation it is all of it at once', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'external' }, overrides: { scoped: true } });
    await change.executeUpdate('awaitArmed');
    await sql('drop table needed', 'shop');
    await change.executeUpdate('applied', { args: [{ exitCode: 0 }] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed' });
    expect(await rig().configuration()).toEqual(before);
  });
});
