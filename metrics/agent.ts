/** The agent in figures: its open change, what is left of the lease, how its reverts went. Read when they are asked for. */
import { Gauge, type Registry } from 'prom-client';
import type { AgentState } from '../agent/agent.ts';

/** Answers what brings the figures up to date. */
export function agentFigures(
  state: () => AgentState,
  isServing: () => boolean,
  registry: Registry,
): () => Promise<void> {
  const gauge = (name: string, help: string, more: readonly string[] = []): Gauge<string> =>
    new Gauge({ name, help, labelNames: ['target', ...more], registers: [registry] });
  const serving = gauge('knowngood_agent_serving', 'Whether the agent takes steps from Temporal.');
  const open = gauge('knowngood_agent_open_change', 'The change that is open, by the phase of its journal. Always 1.', [
    'change',
    'phase',
  ]);
  const left = gauge(
    'knowngood_agent_lease_seconds',
    'What is left of the two clocks of the open change: when one has run out the agent reverts by itself.',
    ['clock'],
  );
  const age = gauge('knowngood_agent_open_change_seconds', 'Since when the change is open in its phase.');
  const remaining = gauge('knowngood_agent_revert_remaining', 'Problems that keep a revert from being complete.');
  return async () => {
    const { target, open: change, remaining: problems } = state();
    for (const one of [open, left, age]) one.reset();
    serving.set({ target }, isServing() ? 1 : 0);
    remaining.set({ target }, problems.length);
    if (change === null) return;
    open.set({ target, change: change.changeId, phase: change.phase }, 1);
    age.set({ target }, Math.max(0, (Date.now() - change.since) / 1_000));
    // Only an armed change has a lease to lose.
    if (change.phase !== 'armed' && change.phase !== 'applying' && change.phase !== 'applied') return;
    left.set({ target, clock: 'contact' }, change.contactMs / 1_000);
    left.set({ target, clock: 'progress' }, change.progressMs / 1_000);
  };
}
