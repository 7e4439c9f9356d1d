/** An agent whose role may do nothing: each refusal names the grants, and whoever follows them gets a working agent. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { startProcess, type Run } from '../support/cli.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({ soak: '500ms' });
const role = 'guard agent';
/** Privileges are read in every database. */
const rule = `host all "${role}" 127.0.0.0/8 scram-sha-256\n`;
let admin: pg.Client;

beforeAll(async () => {
  const { target, folder } = rig();
  appendFileSync(join(target.dataDir, 'pg_hba.conf'), rule);
  admin = new pg.Client({ connectionString: target.url() });
  await admin.connect();
  await admin.query(`create role "${role}" login password 'agent-secret'`);
  await admin.query('select pg_reload_conf()');
  writeFileSync(join(folder, 'role-password'), 'agent-secret');
  const path = join(folder, 'agent.yaml');
  const yaml = readFileSync(path, 'utf8')
    .replace('postgresql://postgres@', `postgresql://${encodeURIComponent(role)}@`)
    .replace('target-password', 'role-password');
  await rig().stopAgent();
  writeFileSync(path, yaml);
  await rig().startAgent();
}, 60_000);

const knowngood = (...args: string[]): Promise<Run> => {
  const { folder } = rig();
  const files = ['--config', join(folder, 'knowngood.yaml'), '--agent-config', join(folder, 'agent.yaml')];
  return startProcess([...args, ...files], { NO_COLOR: '1' }).done;
};

function changeFile(change: object): string {
  const path = join(rig().folder, 'change.yaml');
  writeFileSync(path, JSON.stringify({ target: rig().targetName, reason: 'a test', change }));
  return path;
}

it('is told every grant that it lacks, and works once they are given', async () => {
  const { folder } = rig();
  const before = await rig().configuration();
  const refused = await knowngood('apply', changeFile({ settings: { work_mem: '6MB' } }));
  expect(refused.code).toBe(13);
  expect(refused.out).toContain(`role "${role}" lacks privileges that the agent needs`);
  const doctor = await knowngood('doctor');
  expect(doctor.code).toBe(1);
  const grants = /Missing: (.*;)\)?$/m.exec(doctor.out)?.[1] ?? '';
  expect(grants).toContain(`to "${role}";`);
  expect(refused.out).toContain(grants);
  await admin.query(grants);

  const healthy = await knowngood('doctor');
  expect(healthy.out).not.toContain('PROBLEM');
  const noSetting = await knowngood('apply', changeFile({ settings: { work_mem: '6MB' } }));
  expect(noSetting.code).toBe(13);
  const grant = /grant alter system on parameter .*;/.exec(noSetting.out)?.[0] ?? '';
  expect(grant).toContain('work_mem');
  expect(await rig().configuration()).toEqual(before);
  await admin.query(grant);

  const applied = await knowngood('apply', changeFile({ settings: { work_mem: '6MB' } }));
  expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('kept') });
  expect(readFileSync(join(rig().target.dataDir, 'postgresql.auto.conf'), 'utf8')).toContain("work_mem = '6MB'");
  expect(await knowngood('apply', changeFile({ settings: { work_mem: null } }))).toMatchObject({ code: 0 });
  const kept = await rig().configuration();
  // What harms the dependent is taken back by this role, too.
  writeFileSync(join(folder, 'denied.conf'), (await rig().hbaWithoutDependent()) + rule);
  const reverted = await knowngood('apply', changeFile({ files: { 'pg_hba.conf': './denied.conf' } }));
  expect(reverted.code).toBe(10);
  expect(await rig().configuration()).toEqual(kept);
  await admin.end();
}, 120_000);
