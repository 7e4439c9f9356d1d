/** The details are live while a change is watched: what fails is seen before anything is decided. */
import { expect, it } from '@jest/globals';
import { eventually } from '../support/processes.ts';
import { freePort, useRig } from '../support/rig.ts';

/** Whoever makes a word of it without looking fails. */
const evilMark = [
  {
    check: 'image-service/login',
    ...Object.fromEntries(
      ['passes', 'fails', 'errors', 'noData', 'forgiven', 'failsInARow', 'errorsInARow'].map((n) => [n, 0]),
    ),
    failingSince: null,
    lastAt: null,
    last: { mark: { toString: null }, latencyMs: 1, class: null, code: null, message: null },
  },
];

const nobodyListens = await freePort();
const rig = useRig({
  checks: () => `
      advice:
        tcp: { host: 127.0.0.1, port: ${nobodyListens} }
        level: advisory`,
});

it('shows how each check stands in the middle of the soak, and in whose words it fails', async () => {
  const change = await rig().start({
    change: { kind: 'config', settings: { work_mem: '6MB' } },
    overrides: { soak: '60s' },
  });
  await change.reaches('watch');
  const progressOf = async (name: string) =>
    (await change.view()).progress.find(({ check }) => check === `image-service/${name}`);
  await eventually('both are shown', async () => (await progressOf('advice')) !== undefined, 20_000);
  await eventually('a pass is shown', async () => ((await progressOf('login'))?.passes ?? 0) > 0, 20_000);
  expect(await progressOf('advice')).toMatchObject({ last: { mark: 'fail', class: 'refused' } });
  // Words from strangers are shown or passed over, and never fail the workflow.
  for (const evil of [null, 'x', [{ check: 'image-service/login', passes: 'many' }], [[[]]], { length: 3 }, evilMark])
    await change.signal('checksSeen', evil);
  await change.signal('noticeAcknowledged');
  await change.signal('noticeAcknowledged', { key: {}, by: { toString: null } });
  await change.executeUpdate('abort', { args: ['kim: seen enough'] });
  expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
}, 90_000);
