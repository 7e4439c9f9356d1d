/** `kill -9` at arbitrary moments: whatever step it hits, the next agent finds a journal that it can go on from. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { caller, settingOf, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { type Life, life, wholeLife } from '../support/life.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

describe('an agent that is killed', () => {
  it('leaves a journal from which the next one reverts to the byte', async () => {
    const it = await lab();
    const before = await it.configuration();
    await it.stop();
    const seen = new Set<string>();
    const whole: Life = {
      change: { kind: 'config', settings: { work_mem: '64MB' } },
      mayRestart: false,
      storePassword: cluster().password,
    };
    const wholeMs = await wholeLife(it, whole);
    for (let run = 0; run < 16; run += 1) {
      const changeId = `kill-${run}`;
      const child = life(it, changeId, whole);
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
