/** `kill -9` at arbitrary moments: whatever step it hits, the next agent finds a journal that it can go on from. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Lab, caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { script } from '../worker/stack/script.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

/** A whole life of a change in a process of its own, which says when it begins. */
function life(it: Lab, changeId: string): ReturnType<typeof script> {
  return script(`
    const { createAgent } = await stack('../../agent/agent');
    const { ensureKey } = await stack('../../agent/key');
    const { openStateFolder } = await stack('../../agent/state-folder');
    const { openTarget } = await stack('../open-target');
    const { createStore } = await stack('../../store/postgres-store');
    const config = ${JSON.stringify(it.config)};
    const log = { info() {}, warn() {} };
    const key = await ensureKey(config.keyFile);
    const state = await openStateFolder(config, key, 'agent', log);
    const store = await createStore({ database: config.store, password: ${JSON.stringify(cluster().password)} });
    const agent = await createAgent({ config, state, log, target: await openTarget(config, key), version: '0',
      store: async () => store, contact: { look: async () => ({ kind: 'no-answer' }) } });
    const caller = ${JSON.stringify({ ...caller, changeId })};
    const { snapshotId } = await agent.snapshot({ ...caller, lookOnly: false });
    const change = { kind: 'config', settings: { work_mem: '64MB' } };
    const { plan } = await agent.plan({ ...caller, snapshotId, request: { target: caller.target, changeId: caller.changeId, change } });
    console.log('begins');
    await agent.arm({ ...caller, workflowId: 'w', snapshotId, planHash: plan.hash, changeKind: 'config', approvalRunId: null,
      leaseMs: 600000, graceMs: 5000, progressMs: 600000, onContactLost: 'revert', quietMs: 1, revertMayRestart: false, witnesses: [] });
    await agent.apply({ ...caller, planHash: plan.hash, command: null });
    await agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    console.log('ended');
    setInterval(() => {}, 1000);`);
}

/** From its first step to its last: the kills are spread over that, however busy the machine is. */
async function wholeLife(it: Lab): Promise<number> {
  const child = life(it, 'whole');
  expect(await child.line()).toBe('begins');
  const beganAt = performance.now();
  expect(await child.line()).toBe('ended');
  const tookMs = performance.now() - beganAt;
  child.process.kill('SIGKILL');
  await child.exited;
  return tookMs;
}

describe('an agent that is killed', () => {
  it('leaves a journal from which the next one reverts to the byte', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it.stop();
    const seen = new Set<string>();
    const wholeMs = await wholeLife(it);
    for (let run = 0; run < 16; run += 1) {
      const changeId = `kill-${run}`;
      const child = life(it, changeId);
      expect(await child.line()).toBe('begins');
      await sleep((run / 15) * wholeMs);
      child.process.kill('SIGKILL');
      await child.exited;
      await it.restart();
      seen.add(it.state.journal.read()?.phase ?? 'none');
      const answer = await it.agent.revert({ ...caller, changeId, reason: 'check-failed', pipelineUnfinished: false });
      expect(['reverted', 'closed']).toContain(answer.kind);
      expect(await it.configuration()).toEqual(before);
      expect(await settingOf(cluster(), 'work_mem')).toBe('4MB');
      expect(it.agent.state().open).toBeNull();
      await it.stop();
    }
    // Else the kills all hit the same step and prove little.
    expect(seen.size).toBeGreaterThan(1);
  }, 300_000);
});
