/** Rollouts on a real Temporal server; their targets are simulated, their agents and journals are not. */
// oxlint-disable jest/no-standalone-expect -- each of them stands in a test that atOnce makes.
import { describe, expect, it } from '@jest/globals';
import { atOnce } from '../support/at-once.ts';
import { resetToStart, untilWatched, useFleet } from '../support/fleet.ts';

const fleet = useFleet(22);

const states = (targets: readonly { readonly state: string; readonly why: string }[]): string =>
  targets.map(({ state, why }) => (state === 'not-undone' ? `${state}: ${why}` : state)).join(' ');
/** Each test has its own. */
const own = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `t${String(from + n).padStart(3, '0')}`);
const long = { soak: '30s' };

describe('a rollout', () => {
  atOnce({
    'changes the canary, then wave after wave in a run each, and writes one report over all': async () => {
      const { start, inStore, client } = fleet();
      const rollout = await start({ targets: { names: own(1, 4) }, waves: { size: 2 } });
      const result = await rollout.outcome();
      expect(result).toMatchObject({ outcome: 'done', problems: [] });
      expect(result.targets.map(({ wave, state }) => `${wave} ${state}`)).toEqual([
        '0 kept',
        '1 kept',
        '1 kept',
        '2 kept',
      ]);
      const report = await inStore((store) => store.rolloutReport(rollout.rolloutId));
      expect(report?.markdown).toMatch(/: done[^]*`t001` \| \*\*kept\*\*/);
      expect(report?.json).toMatchObject({ targets: [{ change: { outcome: 'kept' }, undo: null }, {}, {}, {}] });
      const runs: string[] = [];
      for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${rollout.workflowId}'` }))
        runs.push(runId);
      expect(runs).toHaveLength(3);
    },

    'halts on the first revert in a wave, and undoes those before it': async () => {
      const { start, switchboard, inStore } = fleet();
      const [canary = '', second = ''] = own(5, 8);
      const rollout = await start({ targets: { names: own(5, 8) }, waves: { size: 2 }, overrides: { soak: '2s' } });
      await rollout.reaches('wave 2', ({ targets }) => targets[1]?.state === 'running');
      await untilWatched(rollout.child(second));
      switchboard.fail(second, 3);
      const result = await rollout.outcome();
      expect(states(result.targets)).toMatch(/^undone reverted (reverted|undone|untouched) waiting$/);
      const undo = await inStore((store) => store.change(canary, `${rollout.rolloutId}-undo`));
      expect(undo?.outcome).toBe('kept');
    },

    'begins nothing while it is paused; a word without effect is refused with the reason': async () => {
      const rollout = await fleet().start({ targets: { names: own(9, 10) }, waves: { pause: 'manual' } });
      await rollout.reaches('the pause', ({ phase }) => phase === 'pause');
      expect(await rollout.say('resume', 'kim')).toMatchObject({
        problems: [{ message: expect.stringMatching(/resume has no effect now.*pause, continue, abort/) }],
      });
      expect(await rollout.say('pause', 'kim: lunch')).toMatchObject({ kind: 'recorded' });
      expect((await rollout.now()).next).toContain('paused by kim: lunch');
      await rollout.say('continue', 'kim');
      expect((await rollout.outcome()).outcome).toBe('done');
    },

    'is aborted in mid-wave: what is open is reverted, what was kept is undone': async () => {
      const [, second = '', third = ''] = own(11, 13);
      const rollout = await fleet().start({ targets: { names: own(11, 13) }, overrides: { soak: '3s' } });
      await rollout.reaches('wave 2', ({ wave }) => wave === 1);
      await Promise.all([untilWatched(rollout.child(second)), untilWatched(rollout.child(third))]);
      await rollout.say('abort', 'kim: customers complain');
      const result = await rollout.outcome();
      expect([result.outcome, states(result.targets)]).toEqual(['undone', 'undone reverted reverted']);
      expect(await rollout.child(second).result()).toMatchObject({ reason: 'aborted-by-operator' });
    },

    'asks after a halt, and keeps what was kept when somebody says so; a Cancel is an abort': async () => {
      const [canary = '', second = ''] = own(14, 15);
      const names = [canary, second];
      const rollout = await fleet().start({ targets: { names }, onHalt: 'ask', overrides: { soak: '3s' } });
      await rollout.reaches('wave 2', ({ wave }) => wave === 1);
      await untilWatched(rollout.child(second));
      await fleet().client.workflow.getHandle(rollout.workflowId).cancel();
      const { halt, possible } = await rollout.reaches('the question', ({ phase }) => phase === 'ask');
      expect([halt, possible]).toEqual(['aborted by a client: cancelled', ['undo', 'keep']]);
      await rollout.say('keep', 'kim: fine');
      const result = await rollout.outcome();
      expect([result.outcome, states(result.targets)]).toEqual(['halted', 'kept reverted']);
    },

    'lets its changes go on by themselves when it is terminated, and its targets go': async () => {
      const { start, client } = fleet();
      const [target = ''] = own(16, 16);
      const rollout = await start({ targets: { names: [target] }, overrides: { soak: '3s' } });
      await untilWatched(rollout.child(target));
      await client.workflow.getHandle(rollout.workflowId).terminate('a test');
      expect(await rollout.child(target).result()).toMatchObject({ outcome: 'kept' });
      expect(await (await start({ targets: { names: [target] } })).outcome()).toMatchObject({ outcome: 'done' });
    },

    'is halted when the workflow of a change is terminated, and tells how the agent has ended it': async () => {
      const [lost = '', other = ''] = own(17, 18);
      const rollout = await fleet().start({ targets: { names: [lost, other] }, canary: 2, overrides: long });
      await Promise.all([untilWatched(rollout.child(lost)), untilWatched(rollout.child(other))]);
      await rollout.child(lost).terminate('a test');
      await rollout.reaches('the halt', ({ halt }) => halt !== null);
      const result = await rollout.outcome();
      expect([result.outcome, states(result.targets)]).toEqual(['undone', 'reverted reverted']);
    },

    'is not halted by a change that is reset: another run of it goes on': async () => {
      const { start, client } = fleet();
      const [canary = '', other = ''] = own(21, 22);
      const rollout = await start({ targets: { names: [canary, other] }, overrides: { soak: '3s' } });
      await untilWatched(rollout.child(canary));
      await resetToStart(client, rollout.child(canary).workflowId);
      const result = await rollout.outcome();
      expect([result.outcome, states(result.targets)]).toEqual(['done', 'kept kept']);
    },

    'is not let in when anything is wrong: nothing is touched': async () => {
      const { start } = fleet();
      const [free = '', held = ''] = own(19, 20);
      const open = await start({ targets: { names: [held] }, overrides: long });
      await untilWatched(open.child(held));
      for (const [bent, code] of [
        [{ targets: { names: [free, held] } }, 'target-in-rollout'],
        [{ targets: { names: [free, 'nobody'] } }, 'unknown-target'],
        [{ targets: { names: [free, free] } }, 'target-twice'],
        [{ targets: { labels: 'kind=none' } }, 'no-target'],
        [
          { rolloutId: open.rolloutId.replace('r-', 's-'), targets: { names: [free] }, canary: [held] },
          'canary-not-selected',
        ],
      ] as const) {
        const refused = await start(bent);
        expect(await refused.outcome()).toMatchObject({ outcome: 'refused', problems: [{ code }] });
        await expect(refused.child(free).describe()).rejects.toThrow();
      }
      await open.say('abort', 'kim');
      expect((await open.outcome()).outcome).toBe('undone');
    },
  });
});

describe('a rollout that is interrupted', () => {
  it('is taken up by a worker that restarts, and by a run that a Reset began: the same changes are theirs', async () => {
    const { start, client, startWorker, stopWorker } = fleet();
    const names = own(1, 2);
    const rollout = await start({ targets: { names }, canary: 2, overrides: { soak: '4s' } });
    await Promise.all(names.map((name) => untilWatched(rollout.child(name))));
    await stopWorker();
    await startWorker();
    const runId = await resetToStart(client, rollout.workflowId);
    expect((await client.workflow.getHandle(rollout.workflowId).describe()).runId).toBe(runId);
    const result = await rollout.outcome();
    expect([result.outcome, states(result.targets)]).toEqual(['done', 'kept kept']);
  });
});
