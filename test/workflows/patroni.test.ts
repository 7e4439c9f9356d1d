/** Guarded changes of a Patroni cluster, whole: its services are watched through the address that follows the primary. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type PatroniCluster,
  followPrimary,
  freePorts,
  login,
  rules,
  startPatroni,
  until,
} from '../support/patroni.ts';
import { useRig } from '../support/rig.ts';

let apiPorts: readonly number[] = [];
let cluster: PatroniCluster;
let primary: Awaited<ReturnType<typeof followPrimary>>;
let port = 0;

beforeAll(async () => {
  [port = 0, ...apiPorts] = await freePorts(4);
  process.env['PATRONI_API_PASSWORD'] = login.password;
  process.env['PATRONI_IMAGE_PASSWORD'] = 'image';
});

const rig = useRig({
  holdTimeout: '60s',
  agentYaml: () => `
patroni:
  endpoints: [${apiPorts.map((at) => `'http://127.0.0.1:${at}'`).join(', ')}]
  username: ${login.username}
  password: '\${env:PATRONI_API_PASSWORD}'
`,
  // A failover alone takes longer than three failures; denied access decides at once all the same.
  checks: () => `
      pictures:
        sql: { as: image_svc, password: '\${env:PATRONI_IMAGE_PASSWORD}', database: shop, host: 127.0.0.1, port: ${port}, query: select 1, sslmode: disable }
        level: required
        failures: 300
`,
});

beforeAll(async () => {
  cluster = await startPatroni({ apiPorts, password: rig().target.password });
  primary = await followPrimary(cluster.members, port);
  const leader = await cluster.leader();
  await cluster.query(leader, `create role image_svc login password 'image'`);
  await cluster.query(leader, 'create database shop');
}, 180_000);

afterAll(async () => {
  await primary?.close();
  await cluster?.close();
});

beforeEach(() => cluster.settled(), 100_000);

const denial = { remove: 'host shop image_svc 127.0.0.0/8 scram-sha-256' };

describe('a change of a Patroni cluster', () => {
  it('that denies a service is taken back, and the service recovers', async () => {
    const change = await rig().start({ change: { kind: 'config', hba: [denial] }, overrides: { soak: '60s' } });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed', dependents: 'recovered' });
    expect((await cluster.config()).postgresql.pg_hba).toEqual(rules);
    const { report } = await rig().recorded(change.changeId);
    expect(JSON.stringify(report)).toContain('patroni:shop/pg_hba.conf');
  }, 120_000);

  it('is kept over a failover in the middle of its soak', async () => {
    const old = await cluster.leader();
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '16MB' } },
      overrides: { soak: '45s' },
    });
    await change.reaches('watch');
    await old.crash();
    await until('another leader', async () => ((await cluster.leader()).name === old.name ? null : true));
    // Back as a standby: what was declared meanwhile it takes by itself.
    await old.start();
    await cluster.settled();
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
    const values = await Promise.all(
      cluster.members.map((member) => cluster.query<{ work_mem: string }>(member, 'show work_mem')),
    );
    expect(values.flat()).toEqual([{ work_mem: '16MB' }, { work_mem: '16MB' }, { work_mem: '16MB' }]);
  }, 180_000);

  it('made by a pipeline with patronictl is taken back when it fails', async () => {
    const before = await cluster.config();
    const change = await rig().start({ change: { kind: 'external' }, overrides: { soak: '60s' } });
    await change.executeUpdate('awaitArmed');
    await cluster.patch({ postgresql: { parameters: { work_mem: '32MB' } } });
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed' });
    expect(await cluster.config()).toEqual(before);
  }, 120_000);

  it('raises what only a restart raises, and lowers it again when an operator aborts', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { max_connections: 150 }, restart: 'allowed' },
      overrides: { soak: '120s' },
    });
    await change.reaches('watch', 90_000);
    const leader = await cluster.leader();
    expect(await cluster.query(leader, 'show max_connections')).toEqual([{ max_connections: '150' }]);
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    await until('the old value', async () => {
      const values = await Promise.all(
        cluster.members.map((member) => cluster.query<{ max_connections: string }>(member, 'show max_connections')),
      );
      return values.flat().every(({ max_connections: value }) => value === '100') ? true : null;
    });
  }, 240_000);
});
