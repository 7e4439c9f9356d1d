/** An agent of a Patroni cluster on its own: nobody decides any more, or it is killed in the middle of whatever it does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AgentConfig } from '../../domain/config.ts';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { type Life, life, wholeLife } from '../support/life.ts';
import { type PatroniCluster, login, rules, startPatroni, superuserPassword, until } from '../support/patroni.ts';

/** Of the store only. */
const store = useCluster();
const lab = useAgent(store);

let cluster: PatroniCluster;
let bend: Partial<AgentConfig>;

beforeAll(async () => {
  cluster = await startPatroni();
  // Resolved by this process and by those that it starts.
  process.env['PATRONI_API_PASSWORD'] = login.password;
  process.env['PATRONI_SQL_PASSWORD'] = superuserPassword;
  bend = {
    database: {
      connection: 'postgresql://postgres@/postgres?sslmode=disable',
      password: '${env:PATRONI_SQL_PASSWORD}',
    },
    patroni: {
      endpoints: cluster.endpoints,
      username: login.username,
      password: '${env:PATRONI_API_PASSWORD}',
      tls: null,
    },
  };
}, 180_000);

afterAll(() => cluster?.close());

beforeEach(() => cluster.settled(), 100_000);

const change = {
  kind: 'config',
  settings: { work_mem: '64MB' },
  hba: [{ remove: 'host shop image_svc 127.0.0.0/8 scram-sha-256' }],
} as const;

const asBefore = { parameters: { work_mem: '4MB' }, pg_hba: rules };

describe('an agent that hears of nobody any more', () => {
  it('takes the change back through Patroni by itself', async () => {
    const it = await lab(bend);
    const { planHash } = await it.arm(change);
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
    expect((await cluster.config()).postgresql.parameters.work_mem).toBe('64MB');
    it.temporal = { kind: 'no-answer' };
    it.aheadMs += 700_000;
    await until('the revert', async () => (it.agent.state().open === null ? true : null));
    expect((await cluster.config()).postgresql).toMatchObject(asBefore);
    const closed = await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    expect(closed).toMatchObject({ kind: 'reverted', by: expect.stringContaining('agent') });
  }, 120_000);
});

describe('an agent that is killed', () => {
  it('leaves a journal from which the next one reverts through Patroni', async () => {
    const it = await lab(bend);
    await it.stop();
    const seen = new Set<string>();
    const whole: Life = { change, mayRestart: false, storePassword: store().password };
    const wholeMs = await wholeLife(it, whole);
    for (let run = 0; run < 6; run += 1) {
      const changeId = `kill-${run}`;
      const child = life(it, changeId, whole);
      expect(await child.line()).toBe('begins');
      // From the write on, the last of them in the middle of the revert.
      await sleep(((run + 0.5) / 6) * wholeMs);
      child.process.kill('SIGKILL');
      await child.exited;
      await it.restart();
      seen.add(it.state.journal.read()?.phase ?? 'none');
      const answer = await it.agent.revert({ ...caller, changeId, reason: 'check-failed', pipelineUnfinished: false });
      expect(['reverted', 'closed']).toContain(answer.kind);
      expect((await cluster.config()).postgresql).toMatchObject(asBefore);
      expect(it.agent.state().open).toBeNull();
      await it.stop();
    }
    // Else the kills all hit the same step and prove little.
    expect(seen.size).toBeGreaterThan(1);
  }, 300_000);
});
