import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { rescueAbandon, rescuePlan, rescueRevert, rescueShow } from '../../agent/rescue.ts';
import type { ConfigChange } from '../../domain/change.ts';
import { openTarget } from '../../worker/open-target.ts';
import { type Lab, caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';
import { query } from '../targets/postgres/server.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

const change: ConfigChange = { kind: 'config', settings: { work_mem: '64MB' } };

/** What the test before left in force is not this test's baseline. */
beforeEach(async () => {
  writeFileSync(join(cluster().dataDir, 'postgresql.auto.conf'), '');
  await cluster().stop();
  await cluster().start();
});

async function applied(it: Lab, bend: Parameters<Lab['arm']>[1] = {}): Promise<void> {
  const { planHash } = await it.arm(change, bend);
  const answer = await it.agent.apply({ ...caller, planHash, command: null });
  if (answer.kind !== 'applied') throw new Error(JSON.stringify(answer));
}

const rescued = (it: Lab): ReturnType<typeof rescueRevert> => rescueRevert(it.config, { openTarget, log: it.log });

describe('rescue', () => {
  it('shows the open change, and nothing where there is none', async () => {
    const it = await lab();
    expect(rescueShow(it.config)).toEqual({ kind: 'none', last: null });
    expect(rescueShow({ stateDir: '/no/such/folder' })).toEqual({ kind: 'none', last: null });
    await applied(it);
    const shown = rescueShow(it.config);
    expect(shown).toMatchObject({
      kind: 'open',
      change: { changeId: 'upgrade', phase: 'applied', owner: 'run-1', touched: true, commandRuns: null },
    });
    const { contactMs = 0 } = shown.kind === 'open' ? shown.change.lease : {};
    expect(contactMs).toBeGreaterThan(590_000);
    expect(contactMs).toBeLessThanOrEqual(600_000);
  });

  it('shows what a revert would do, as files and as SQL, and does none of it', async () => {
    const it = await lab();
    expect(await rescuePlan(it.config, { openTarget })).toBeNull();
    await applied(it);
    await query(cluster(), 'create role rescue_me login');
    await it.stop();
    const before = await it.configuration();
    const shown = await rescuePlan(it.config, { openTarget });
    expect(shown?.diff).toMatch(/^--- .*postgresql\.auto\.conf[^]*-work_mem = '64MB'/);
    expect(shown?.items.find(({ key }) => key === 'setting:work_mem')).toMatchObject({ decision: 'restore' });
    expect(shown?.effect).toBe('reload');
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('64MB');
    await query(cluster(), 'drop role rescue_me');
  });

  it('shows what a revert would do to the files of a server that is down', async () => {
    const it = await lab();
    await applied(it);
    await it.stop();
    await cluster().stop();
    const shown = await rescuePlan(it.config, { openTarget });
    expect(shown?.diff).toContain("-work_mem = '64MB'");
    await cluster().start();
  });

  it('reverts with the agent dead', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    await it.stop();
    expect(await rescued(it)).toMatchObject({ kind: 'reverted', by: 'rescue on the host', reason: 'rescued-on-host' });
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
    expect(await rescued(it)).toEqual({ kind: 'none' });
    expect(rescueShow(it.config)).toMatchObject({
      kind: 'none',
      last: { changeId: 'upgrade', phase: 'reverted', by: 'rescue on the host', reason: 'rescued-on-host' },
    });
  });

  it('reverts with the agent dead and a server that does not start with the new files', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it.arm({ kind: 'external' }, { revertMayRestart: true });
    appendFileSync(join(cluster().dataDir, 'postgresql.conf'), "no_such_setting = 'on'\n");
    writeFileSync(join(cluster().dataDir, 'pg_hba.conf'), 'nonsense\n');
    await it.stop();
    const [program = '', ...args] = cluster().pgCtl('stop', '-m', 'fast', '-w');
    execFileSync(program, args);
    const answer = await rescued(it);
    expect(answer).toMatchObject({ kind: 'reverted', by: 'rescue on the host', restarted: true });
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
  }, 60_000);

  it('reverts beside a running agent, which sees the end and writes nothing more', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    expect(await rescued(it)).toMatchObject({ kind: 'reverted' });
    expect(await it.configuration()).toEqual(before);
    expect(it.agent.state().open).toBeNull();
    const closed = { kind: 'closed', phase: 'reverted', by: 'rescue on the host', reason: 'rescued-on-host' };
    expect(await it.agent.confirm({ ...caller, acceptDrift: true })).toMatchObject(closed);
    const other = { ...caller, changeId: 'next', lookOnly: false };
    expect(await it.agent.snapshot(other)).toMatchObject({ kind: 'snapshotted' });
  });

  it('reverts beside an agent in the middle of a command, which is stopped first', async () => {
    const marks = join(cluster().dataDir, 'postgresql.conf');
    const run = ['sh', '-c', `while :; do echo "work_mem = '32MB'" >> ${marks}; sleep 0.02; done`];
    const it = await lab({ commands: { upgrade: { run, timeoutMs: 60_000, restarts: false } } });
    const before = await it.configuration();
    const { planHash } = await it.arm({ kind: 'command', name: 'upgrade' });
    const applying = it.agent.apply({ ...caller, planHash, command: 'upgrade' });
    await eventually('it writes', async () => JSON.stringify(await it.configuration()) !== JSON.stringify(before));
    expect(rescueShow(it.config)).toMatchObject({ change: { commandRuns: 'upgrade' } });
    expect(await rescued(it)).toMatchObject({ kind: 'reverted', by: 'rescue on the host' });
    expect(['closed', 'reverting']).toContain((await applying).kind);
    expect(await it.configuration()).toEqual(before);
  }, 30_000);

  it('abandons: the configuration stays, and nobody touches it again', async () => {
    const it = await lab();
    await applied(it, { leaseMs: 1_000 });
    const inForce = await it.configuration();
    const ended = await rescueAbandon(it.config, { who: 'alex', why: 'I have it', log: it.log });
    expect(ended).toMatchObject({ kind: 'ended', phase: 'abandoned', by: 'alex, rescue on the host' });
    it.temporal = { kind: 'closed' };
    it.aheadMs = 10_000_000;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await it.configuration()).toEqual(inForce);
    expect(await it.agent.revert({ ...caller, reason: 'cancelled', pipelineUnfinished: false })).toMatchObject({
      kind: 'closed',
      phase: 'abandoned',
    });
  });

  it('needs the key, and says so', async () => {
    const it = await lab();
    await applied(it);
    await it.stop();
    await expect(rescueRevert({ ...it.config, keyFile: '/no/such/key' }, { openTarget })).rejects.toThrow(
      /does not exist/,
    );
  });
});
