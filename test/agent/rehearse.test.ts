/** The agent's step `rehearse`: before anything is armed, on a scratch server, with what was planned. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { ConfigChange } from '../../domain/change.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

async function planned({ agent }: Lab, change: ConfigChange): Promise<{ snapshotId: string; planHash: string }> {
  const snapshot = await agent.snapshot({ ...caller, lookOnly: false });
  if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
  const { snapshotId } = snapshot;
  const request = { target: caller.target, changeId: caller.changeId, change };
  const answer = await agent.plan({ ...caller, snapshotId, request });
  if (answer.kind !== 'planned') throw new Error(JSON.stringify(answer));
  return { snapshotId, planHash: answer.plan.hash };
}

it('finds that a good plan works, there and back, and touches nothing', async () => {
  const it = await lab();
  const before = await it.configuration();
  const plan = await planned(it, {
    kind: 'config',
    settings: { work_mem: '64MB', max_connections: 60 },
    restart: 'allowed',
  });
  const answer = await it.agent.rehearse({ ...caller, ...plan, principals: [] });
  expect(answer).toMatchObject({ kind: 'rehearsed', problems: [] });
  expect(answer.kind === 'rehearsed' && answer.findings.map(({ what }) => what)).toContain(
    'the revert leads back, exactly',
  );
  expect(await it.configuration()).toEqual(before);
  expect(readdirSync(join(it.config.stateDir, 'rehearsal'))).toEqual([]);
});

it('finds whom a plan locks out', async () => {
  const it = await lab();
  const hba = [{ add: 'host all postgres 127.0.0.5/32 reject', before: 'host all postgres 127.0.0.0/8 scram-sha-256' }];
  const plan = await planned(it, { kind: 'config', hba });
  const principals = [{ user: 'postgres', database: 'store', address: '127.0.0.5', tls: false }];
  const answer = await it.agent.rehearse({ ...caller, ...plan, principals });
  expect(answer).toMatchObject({
    kind: 'rehearsed',
    problems: [{ code: 'login-denied', message: 'the candidate denies postgres@store from 127.0.0.5' }],
  });
});

it('tries the configuration as it is where the change is not known', async () => {
  const it = await lab();
  const { snapshotId } = await planned(it, { kind: 'config', settings: { work_mem: '64MB' } });
  const answer = await it.agent.rehearse({ ...caller, snapshotId, planHash: null, principals: [] });
  expect(answer).toMatchObject({ kind: 'rehearsed', problems: [] });
});

it('refuses what it has not planned, and is off where the configuration says so', async () => {
  const it = await lab();
  const plan = await planned(it, { kind: 'config', settings: { work_mem: '64MB' } });
  expect(await it.agent.rehearse({ ...caller, ...plan, planHash: 'other', principals: [] })).toMatchObject({
    kind: 'refused',
    problems: [{ code: 'unknown-plan' }],
  });
  const off = await lab({ rehearsal: { enabled: false, timeoutMs: 1, folder: null } });
  expect(await off.agent.rehearse({ ...caller, ...plan, principals: [] })).toEqual({ kind: 'off' });
});

it('has what a killed agent left removed at the next start', async () => {
  const it = await lab();
  await it.stop();
  const records = join(it.config.stateDir, 'rehearsal');
  const path = join(it.config.stateDir, 'knowngood-rehearsal-0000');
  mkdirSync(records, { recursive: true });
  mkdirSync(path);
  writeFileSync(join(path, 'knowngood-rehearsal'), 'token');
  const record = { path, token: 'token', pid: 1, started: 'never', boot: 'another boot' };
  writeFileSync(join(records, 'knowngood-rehearsal-0000.json'), JSON.stringify(record));
  await it.restart();
  for (let tries = 0; tries < 100 && existsSync(path); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(existsSync(path)).toBe(false);
});
