/** A person in front of the Temporal Web UI during a rollout: reads where it stands, pauses, goes on, and aborts it. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { type Rolled, untilWatched, useFleet } from '../support/fleet.ts';
import { type Console, openConsole, startBrowser } from './console.ts';
import { picture } from './pictures.ts';

const fleet = useFleet(5, { ui: true });
const [canary, next, ...others] = ['t001', 't002', 't003', 't004', 't005'];

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
}, 120_000);
afterAll(() => browser?.close());

/** Its run of now: each wave has one of its own. */
async function open({ workflowId }: Rolled): Promise<Console> {
  const { runId } = await fleet().client.workflow.getHandle(workflowId).describe();
  return openConsole(browser, fleet().uiAddress, { workflowId, runId });
}

it('is read, paused and continued in its page', async () => {
  const rollout = await fleet().start({
    rolloutId: 'more-work-mem',
    reason: 'larger sorts for the category pages',
    targets: { names: [canary, next, ...others] },
    waves: { size: 2, pause: 'manual' },
    overrides: { soak: '1s' },
  });
  await rollout.reaches('the pause', ({ phase }) => phase === 'pause');
  const first = await open(rollout);
  const waiting = await first.details('as soon as somebody says continue');
  for (const words of ['larger sorts for the category pages', 'A wave is done; the next one waits.', canary])
    expect(waiting).toContain(words);
  await picture(first.page, 'console-rollout', waiting);
  await first.refusal('resume', '"kim: go"', 'resume has no effect now');
  await first.page.reload();
  await first.send('Update', 'pause', '"kim: lunch"');
  await rollout.reaches('a pause of a person', ({ pausedBy }) => pausedBy === 'kim: lunch');
  expect(await first.details('paused by kim: lunch')).toContain('only after resume or continue');
  await first.page.reload();
  await first.send('Update', 'continue', '"kim: on we go"');
  await rollout.reaches('the second wave', ({ wave, phase }) => wave === 1 && phase === 'wave');
  await first.page.close();

  await rollout.reaches('the next pause', ({ wave, phase }) => wave === 1 && phase === 'pause');
  const second = await open(rollout);
  await second.send('Signal', 'continue', '"kim: on we go"');
  await rollout.reaches('the last wave', ({ wave, phase }) => wave === 2 && phase === 'wave');
  await second.page.close();
  expect((await rollout.outcome()).outcome).toBe('done');
}, 120_000);

it('is aborted in mid-wave, and its page tells how it ended', async () => {
  const rollout = await fleet().start({ targets: { names: [canary, next] }, overrides: { soak: '60s' } });
  await untilWatched(rollout.child(canary));
  const ui = await open(rollout);
  expect(await ui.details('A wave is under way')).toContain('budget');
  await ui.send('Update', 'abort', '"kim: customers complain"');
  const { outcome, targets } = await rollout.outcome();
  expect({ outcome, states: targets.map(({ state }) => state) }).toEqual({
    outcome: 'undone',
    states: ['reverted', 'waiting'],
  });
  const over = await ui.details('It is over');
  for (const words of ['kim: customers complain', 'reverted']) expect(over).toContain(words);
  await ui.page.close();
}, 120_000);
