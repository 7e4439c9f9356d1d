/** A whole life of a change in a process of its own, for tests that kill it. */
import { expect } from '@jest/globals';
import type { ConfigChange } from '../../domain/change.ts';
import { script } from '../worker/stack/script.ts';
import { type Lab, caller } from './agent.ts';

export interface Life {
  readonly change: ConfigChange;
  readonly mayRestart: boolean;
  /** Of the lab's store. */
  readonly storePassword: string;
}

/** It says when it begins, and when it has ended. */
export function life(
  lab: Lab,
  changeId: string,
  { change, mayRestart, storePassword }: Life,
): ReturnType<typeof script> {
  return script(`
    const { createAgent } = await stack('../../agent/agent');
    const { ensureKey } = await stack('../../agent/key');
    const { openStateFolder } = await stack('../../agent/state-folder');
    const { openTarget } = await stack('../open-target');
    const { createStore } = await stack('../../store/postgres-store');
    const config = ${JSON.stringify(lab.config)};
    const log = { info() {}, warn() {} };
    const key = await ensureKey(config.keyFile);
    const state = await openStateFolder(config, key, 'agent', log);
    const store = await createStore({ database: config.store, password: ${JSON.stringify(storePassword)} });
    const agent = await createAgent({ config, state, log, target: await openTarget(config, key), version: '0',
      store: async () => store, contact: { look: async () => ({ kind: 'no-answer' }) } });
    const caller = ${JSON.stringify({ ...caller, changeId })};
    const { snapshotId } = await agent.snapshot({ ...caller, lookOnly: false });
    const change = ${JSON.stringify(change)};
    const { plan } = await agent.plan({ ...caller, snapshotId, request: { target: caller.target, changeId: caller.changeId, change } });
    console.log('begins');
    await agent.arm({ ...caller, workflowId: 'w', snapshotId, planHash: plan.hash, changeKind: 'config', approvalRunId: null,
      leaseMs: 600000, graceMs: 5000, progressMs: 600000, onContactLost: 'revert', quietMs: 1, revertMayRestart: ${mayRestart}, witnesses: [] });
    await agent.apply({ ...caller, planHash: plan.hash, command: null });
    await agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
    console.log('ended');
    setInterval(() => {}, 1000);`);
}

/** From its first step to its last, in ms: kills are spread over that, however busy the machine is. */
export async function wholeLife(lab: Lab, of: Life): Promise<number> {
  const child = life(lab, 'whole', of);
  expect(await child.line()).toBe('begins');
  const beganAt = performance.now();
  expect(await child.line()).toBe('ended');
  const tookMs = performance.now() - beganAt;
  child.process.kill('SIGKILL');
  await child.exited;
  return tookMs;
}
