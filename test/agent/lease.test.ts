import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { readKey } from '../../agent/key.ts';
import { openStateFolder } from '../../agent/state-folder.ts';
import type { ConfigChange } from '../../domain/change.ts';
import { type Lab, armInput, caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

const change: ConfigChange = { kind: 'config', settings: { work_mem: '64MB' } };

const over = (it: Lab): Promise<void> => eventually('the change is over', async () => it.agent.state().open === null);

async function applied(
  it: Lab,
  bend: Parameters<Lab['arm']>[1] = {},
): Promise<{ planHash: string; snapshotId: string }> {
  const { planHash, snapshot } = await it.arm(change, bend);
  const answer = await it.agent.apply({ ...caller, planHash, command: null });
  if (answer.kind !== 'applied') throw new Error(JSON.stringify(answer));
  return { planHash, snapshotId: snapshot.snapshotId };
}

describe('without Temporal', () => {
  it('the agent reverts by itself when contact was lost for the length of the lease, and says by whom', async () => {
    const it = await lab();
    it.temporal = { kind: 'no-answer' };
    const before = await it.configuration();
    await applied(it, { leaseMs: 1_500 });
    expect(await it.configuration()).not.toEqual(before);
    await over(it);
    expect(await it.configuration()).toEqual(before);
    expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
    const closed = { kind: 'closed', phase: 'reverted', by: 'agent: contact lost', reason: 'contact-lost' };
    expect(await it.agent.confirm({ ...caller, acceptDrift: true })).toMatchObject(closed);
    const told = await it.agent.revert({ ...caller, reason: 'cancelled', pipelineUnfinished: false });
    expect(told).toMatchObject({ kind: 'reverted', by: 'agent: contact lost', reason: 'contact-lost' });
  });

  it('a change that a restart must take back waits for its progress deadline', async () => {
    const it = await lab();
    it.temporal = { kind: 'no-answer' };
    await applied(it, { leaseMs: 100, onContactLost: 'wait' });
    await sleep(1_200);
    expect(it.agent.state().open?.phase).toBe('applied');
    it.aheadMs = 1_800_000;
    await over(it);
    expect(it.state.closed.read(caller.changeId)?.by).toBe('agent: deadline passed');
  });

  it('a revert that cannot be completed stays open, is tried again, and completes when it can', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    await cluster().stop();
    try {
      const answer = await it.agent.revert({ ...caller, reason: 'cancelled', pipelineUnfinished: false });
      expect(answer).toMatchObject({ kind: 'incomplete' });
      expect(answer.kind === 'incomplete' && answer.remaining.length).toBeGreaterThan(0);
      expect(it.agent.state()).toMatchObject({ open: { phase: 'reverting' } });
      // The files need no server.
      expect(await it.configuration()).toEqual(before);
      // Said once, and again only when some time has passed: whoever watches the log learns that nobody has mended it.
      const said = (): number => it.log.lines.filter((line) => line.startsWith('revert incomplete')).length;
      const once = said();
      it.aheadMs = 120_000;
      await sleep(1_500);
      expect(said()).toBe(once);
      it.aheadMs = 420_000;
      await eventually('it is said again', async () =>
        it.log.lines.some((line) => line.startsWith('revert incomplete for 7 min')),
      );
    } finally {
      await cluster().start();
    }
    await over(it);
    expect(it.state.closed.read(caller.changeId)).toMatchObject({ phase: 'reverted', by: 'workflow' });
  });
});

describe('with Temporal', () => {
  it('a lease shorter than the usual pause between two looks is kept up all the same', async () => {
    const it = await lab();
    await applied(it, { leaseMs: 1_500 });
    await sleep(4_000);
    expect(it.agent.state().open?.phase).toBe('applied');
  });

  it('a run that is closed and replaced by nobody is reverted after the grace', async () => {
    const it = await lab();
    await applied(it, { graceMs: 100 });
    it.temporal = { kind: 'closed' };
    await over(it);
    expect(it.state.closed.read(caller.changeId)?.by).toBe('agent: workflow closed');
  }, 30_000);

  it('a deadline moves with its sequence only, and is on disk when it answers', async () => {
    const it = await lab();
    await applied(it);
    const move = (sequence: number, durationMs: number): Promise<unknown> =>
      it.agent.deadline({ ...caller, sequence, durationMs, watching: true });
    expect(await move(2, 5_000_000)).toEqual({ kind: 'moved' });
    expect(await move(2, 9_000_000)).toEqual({ kind: 'unmoved' });
    expect(await move(1, 9_000_000)).toEqual({ kind: 'unmoved' });
    expect(it.state.journal.read()?.lease).toMatchObject({ sequence: 2, watching: true });
    expect(it.agent.state().open?.progressMs).toBeLessThanOrEqual(5_000_000);
    expect(it.agent.state().open?.progressMs).toBeGreaterThan(4_900_000);
  });
});

describe('a restart of the agent', () => {
  it('in the middle of the soak keeps the lease and the change', async () => {
    const it = await lab();
    await applied(it);
    await it.agent.deadline({ ...caller, sequence: 1, durationMs: 5_000_000, watching: false });
    it.aheadMs = 60_000;
    await it.restart();
    expect(it.agent.state().open).toMatchObject({ changeId: caller.changeId, phase: 'applied', owner: caller.runId });
    expect(it.agent.state().open?.progressMs).toBeLessThanOrEqual(4_940_000);
    expect(it.agent.state().open?.progressMs).toBeGreaterThan(4_900_000);
    expect(await it.agent.confirm({ ...caller, acceptDrift: false })).toMatchObject({ kind: 'confirmed' });
  });

  it('after the deadline reverts at once, whatever Temporal would say', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it
      .arm(change, { progressMs: 60_000 })
      .then(({ planHash }) => it.agent.apply({ ...caller, planHash, command: null }));
    await it.stop();
    it.aheadMs = 61_000;
    await it.restart();
    await over(it);
    expect(await it.configuration()).not.toEqual(undefined);
    expect(await it.configuration()).toEqual(before);
  });

  it('after a reboot reverts at once: nobody can tell how long the host was away', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    await it.stop();
    it.reboot();
    await it.restart();
    await over(it);
    expect(await it.configuration()).toEqual(before);
    expect(it.state.closed.read(caller.changeId)?.by).toMatch(/^agent: /);
  });

  it('after a reboot that the change has declared keeps it for the rest of its time, and no longer', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it, { expectsReboot: true, leaseMs: 600_000, progressMs: 600_000 });
    await it.stop();
    it.reboot();
    it.aheadMs += 300_000;
    it.temporal = { kind: 'no-answer' };
    await it.restart();
    expect(it.agent.state().open?.progressMs).toBeLessThan(300_001);
    expect(it.agent.state().open?.progressMs).toBeGreaterThan(250_000);
    await sleep(1_200);
    expect(it.agent.state().open?.phase).toBe('applied');
    it.aheadMs += 300_001;
    await over(it);
    expect(await it.configuration()).toEqual(before);
  });

  it('in the middle of a revert goes on with it right away', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    // Stopped first: while it runs, it begins the revert itself and waits for the lock that is held here.
    await it.stop();
    const state = await openStateFolder(it.config, await readKey(it.config.keyFile), 'agent', it.log);
    await state.journal.exclusive(async (journal, write) => {
      if (journal === null) throw new Error('no journal');
      const revert = { reason: 'check-failed', by: 'workflow', at: 1, pipelineUnfinished: false } as const;
      await write({ ...journal, phase: 'reverting', revert, epoch: journal.epoch + 1 });
    });
    state.close();
    await it.restart();
    await over(it);
    expect(await it.configuration()).toEqual(before);
  });

  it('in the middle of applying neither goes on nor does it again: the same run is told, a new run finds it reverted', async () => {
    const it = await lab();
    const before = await it.configuration();
    const { planHash, snapshotId } = await applied(it);
    await it.state.journal.exclusive(async (journal, write) => {
      if (journal === null) throw new Error('no journal');
      await write({ ...journal, phase: 'applying', applied: null, refs: { ...journal.refs, change: null } });
    });
    await it.restart();
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({
      kind: 'failed',
      problems: [{ code: 'apply-cut-off' }],
    });
    const next = { ...caller, runId: 'run-2' };
    expect(await it.agent.arm(armInput({ ...next, snapshotId, planHash }))).toMatchObject({ phase: 'applying' });
    const reason = 'taken-over-while-applying';
    expect(await it.agent.revert({ ...next, reason, pipelineUnfinished: false })).toMatchObject({
      kind: 'reverted',
      reason,
    });
    expect(await it.configuration()).toEqual(before);
  });

  it('with a damaged journal goes on from the generation before, says so, and can still revert', async () => {
    const it = await lab();
    const before = await it.configuration();
    await applied(it);
    await it.stop();
    const path = join(it.config.stateDir, 'journal.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
    await it.restart();
    expect(it.log.lines.join('\n')).toContain('going on with the generation before it');
    expect(it.agent.state().open?.changeId).toBe(caller.changeId);
    await it.agent.revert({ ...caller, reason: 'cancelled', pipelineUnfinished: false });
    expect(await it.configuration()).toEqual(before);
  });

  it('without its key file cannot open the baseline, and says which key it was', async () => {
    const it = await lab();
    await applied(it);
    const ref = it.state.journal.read()?.refs.baseline ?? '';
    const { bodies } = await (
      await import('../../agent/state-folder.ts')
    ).openStateFolder({ stateDir: it.config.stateDir }, Buffer.alloc(32, 1), 'rescue', it.log);
    await expect(bodies.captured(ref)).rejects.toThrow(/sealed with key/);
    expect(readFileSync(join(it.config.stateDir, 'sealed', ref)).includes('scram-sha-256')).toBe(false);
  });
});
