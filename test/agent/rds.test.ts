/** An agent of an RDS instance on its own: nobody decides any more, RDS is away, or it is killed in the middle of a revert. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentConfig } from '../../domain/config.ts';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { life, wholeLife } from '../support/life.ts';
import { eventually } from '../support/processes.ts';
import { type StandIn, credentials, master, startRds } from '../support/rds.ts';

/** Of the store only. */
const store = useCluster();
const lab = useAgent(store);

let rds: StandIn;
let bend: Partial<AgentConfig>;

beforeAll(async () => {
  rds = await startRds();
  // Resolved by this process and by those that it starts.
  Object.assign(process.env, credentials, { RDS_SQL_PASSWORD: master.password });
  bend = {
    database: {
      connection: `postgresql://${master.user}@/postgres?sslmode=disable`,
      password: '${env:RDS_SQL_PASSWORD}',
    },
    restart: null,
    rds: rds.config,
  };
}, 240_000);

afterAll(() => rds?.close());

afterEach(() => {
  rds.fault = () => null;
});

const change = { kind: 'config', settings: { work_mem: '64MB' } } as const;
const reverting = { ...caller, reason: 'check-failed', pipelineUnfinished: false } as const;

describe('an agent that hears of nobody any more', () => {
  it('takes the change back through RDS by itself', async () => {
    const it = await lab(bend);
    const { planHash } = await it.arm(change);
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
    expect(await rds.show('work_mem')).toBe('64MB');
    it.temporal = { kind: 'no-answer' };
    it.aheadMs += 700_000;
    await eventually('the revert', async () => it.agent.state().open === null, 60_000);
    expect(await rds.declared('work_mem')).toBeNull();
    expect(await rds.show('work_mem')).toBe('4MB');
    expect(await it.agent.revert(reverting)).toMatchObject({ kind: 'reverted', by: expect.stringContaining('agent') });
  }, 120_000);

  it('goes on trying while RDS is away, says so, and is done once it is back', async () => {
    const it = await lab(bend);
    const { planHash } = await it.arm(change);
    await it.agent.apply({ ...caller, planHash, command: null });
    await rds.stopMoto();
    const answer = await it.agent.revert(reverting);
    expect(answer).toMatchObject({ kind: 'incomplete' });
    expect(JSON.stringify(answer)).toContain('RDS does not answer');
    expect(it.agent.state()).toMatchObject({ open: { phase: 'reverting' } });
    await rds.startMoto();
    await eventually('the revert', async () => it.agent.state().open === null, 90_000);
    expect(await rds.show('work_mem')).toBe('4MB');
  }, 180_000);
});

describe('an agent that is killed', () => {
  for (const [name, of, show, was] of [
    ['leaves a journal from which the next one reverts through RDS', { change, mayRestart: false }, 'work_mem', '4MB'],
    [
      'in the middle of a reboot leaves it to the next one',
      { change: { kind: 'config', settings: { max_connections: 150 }, restart: 'allowed' }, mayRestart: true },
      'max_connections',
      '100',
    ],
  ] as const)
    it(
      name,
      async () => {
        const it = await lab(bend);
        await it.stop();
        const seen = new Set<string>();
        const whole = { ...of, storePassword: store().password };
        const wholeMs = await wholeLife(it, whole);
        for (let run = 0; run < 5; run += 1) {
          const changeId = `kill-${show.replace('_', '-')}-${run}`;
          const child = life(it, changeId, whole);
          expect(await child.line()).toBe('begins');
          await sleep(((run + 0.5) / 5) * wholeMs);
          child.process.kill('SIGKILL');
          await child.exited;
          await it.restart();
          seen.add(it.state.journal.read()?.phase ?? 'none');
          // What was cut off in RDS goes on there; a revert that meets it is tried again.
          await eventually(
            'the revert',
            async () => ['reverted', 'closed'].includes((await it.agent.revert({ ...reverting, changeId })).kind),
            60_000,
          );
          expect(await rds.declared(show)).toBeNull();
          expect(await rds.show(show)).toBe(was);
          expect(it.agent.state().open).toBeNull();
          await it.stop();
        }
        // Else the kills all hit the same step and prove little.
        expect(seen.size).toBeGreaterThan(1);
      },
      400_000,
    );
});
