/** Guarded changes of an RDS instance, whole: workflow, worker, agent, and the service that uses the instance. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StandIn, credentials, imagePassword, master, startRds } from '../support/rds.ts';
import { useRig } from '../support/rig.ts';

let rds: StandIn;

beforeAll(async () => {
  rds = await startRds();
  await rds.query('create table hits (at timestamptz default now())');
  await rds.query('grant insert on hits to image_svc');
  Object.assign(process.env, credentials, { RDS_SQL_PASSWORD: master.password, RDS_IMAGE_PASSWORD: imagePassword });
}, 240_000);

afterAll(() => rds?.close());

const rig = useRig({
  agentLogin: { user: master.user, password: '${env:RDS_SQL_PASSWORD}' },
  agentYaml: () =>
    `rds: { instance: ${rds.config.instance}, region: ${rds.config.region}, endpoint: '${rds.config.endpoint}' }`,
  checks: () => `
      pictures:
        sql: { as: image_svc, password: '\${env:RDS_IMAGE_PASSWORD}', database: postgres, host: 127.0.0.1, port: ${rds.cluster.port}, query: insert into hits default values, sslmode: disable }
        level: required
`,
});

describe('a change of an RDS instance', () => {
  it('that its service can live with is kept', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '16MB' } } });
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    expect(await rds.declared('work_mem')).toBe('16384');
    const { report } = await rig().recorded(change.changeId);
    expect(JSON.stringify(report)).toContain('RDS applies work_mem with apply_method immediate');
  }, 120_000);

  it('that harms its service is taken back, and the service recovers', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { default_transaction_read_only: true } },
      overrides: { soak: '60s' },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed', dependents: 'recovered' });
    expect(await rds.declared('default_transaction_read_only')).toBeNull();
    expect(await rds.show('default_transaction_read_only')).toBe('off');
    const { report } = await rig().recorded(change.changeId);
    expect(JSON.stringify(report)).toContain('RDS: 1 of 1 keys are declared as they should be, read back');
  }, 120_000);

  it('that takes a reboot is rebooted back when an operator aborts', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { max_connections: 150 }, restart: 'allowed' },
      overrides: { soak: '120s' },
    });
    await change.reaches('watch', 90_000);
    expect(await rds.show('max_connections')).toBe('150');
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rds.show('max_connections')).toBe('100');
  }, 180_000);

  it('made by a pipeline with the AWS API is taken back when it fails', async () => {
    const change = await rig().start({ change: { kind: 'external' }, overrides: { soak: '60s' } });
    await change.executeUpdate('awaitArmed');
    await rds.set({ work_mem: '32768', lock_timeout: '5000' });
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed' });
    expect(await rds.declared('work_mem')).toBe('16384');
    expect(await rds.declared('lock_timeout')).toBeNull();
  }, 120_000);

  it('is rejected with the reason when RDS would refuse it', async () => {
    const change = await rig().start({ change: { kind: 'config', settings: { port: 5433 }, restart: 'allowed' } });
    expect(await change.outcome()).toMatchObject({
      outcome: 'rejected',
      problems: [{ code: 'setting-not-declarable', detail: 'RDS lists it as not modifiable.' }],
    });
  }, 60_000);
});
