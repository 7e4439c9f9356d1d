/** Rollouts on a real Temporal server; their targets are simulated, their agents and journals are not. */
import { describe, expect, it } from '@jest/globals';
import { untilWatched, useFleet } from '../support/fleet.ts';

const fleet = useFleet(6);

const states = (targets: readonly { readonly state: string }[]): string => targets.map(({ state }) => state).join(' ');

describe('a rollout', () => {
  it('changes the canary, then wave after wave, and writes one report over all', async () => {
    const { start, inStore } = fleet();
    const rollout = await start({ waves: { size: 3 } });
    const result = await rollout.outcome();
    expect(result).toMatchObject({ outcome: 'done', problems: [] });
    expect(states(result.targets)).toBe('kept kept kept kept kept kept');
    expect(result.targets.map(({ wave }) => wave)).toEqual([0, 1, 1, 1, 2, 2]);
    const report = await inStore((store) => store.rolloutReport(rollout.rolloutId));
    expect(report?.markdown).toContain('done');
    expect(report?.json).toMatchObject({
      outcome: 'done',
      targets: [{ change: { outcome: 'kept' }, undo: null }, {}, {}, {}, {}, {}],
    });
    // A run for each wave, and a new history with it.
    const runs: number[] = [];
    for await (const { historyLength } of fleet().client.workflow.list({
      query: `WorkflowId = '${rollout.workflowId}'`,
    }))
      runs.push(historyLength);
    expect(runs).toHaveLength(3);
  });

  it('halts on the first revert in a wave, and undoes those before it', async () => {
    const { start, switchboard, targets } = fleet();
    const rollout = await start({ waves: { size: 3 }, overrides: { soak: '2s' } });
    const [, second = ''] = targets;
    await rollout.reaches('wave 2', ({ targets: now }) => now[1]?.state === 'running');
    await untilWatched(rollout.child(second));
    switchboard.fail(second, 3);
    const result = await rollout.outcome();
    expect(result.outcome).toBe('undone');
    expect(states(result.targets)).toMatch(
      /^undone reverted (reverted|undone|untouched) (reverted|undone|untouched) waiting waiting$/,
    );
    const undo = await fleet().inStore((store) => store.change(targets[0] ?? '', `${rollout.rolloutId}-undo`));
    expect(undo?.outcome).toBe('kept');
  });
});
