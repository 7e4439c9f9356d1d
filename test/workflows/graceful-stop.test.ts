/** Worker and agent are stopped as for an upgrade of themselves, at the worst moments, and the change goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  soak: '6s',
  policy: 'quiet: 20s',
  agentYaml: () => `commands:
  # Longer than an activity may be silent.
  slow: { run: [/bin/sleep, '18'], timeout: 30s }
`,
});
const aChange = { change: { kind: 'config', settings: { work_mem: '8MB' } } } as const;

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

describe('an agent that is stopped', () => {
  it('in the soak takes the lease up again when it is there again: the change is kept', async () => {
    const change = await rig().start(aChange);
    await change.reaches('watch');
    expect(await secondsOf(() => rig().stopAgent())).toBeLessThan(5);
    await rig().startAgent();
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
  });

  it('while its command runs waits for the command, which is run once and not reverted', async () => {
    const change = await rig().start({ change: { kind: 'command', name: 'slow' } });
    await change.reaches('apply');
    await sleep(1_000);
    expect(await secondsOf(() => rig().stopAgent())).toBeGreaterThan(15);
    await rig().startAgent();
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
  }, 60_000);

  it('while its command runs does not wait for the end of a change that is aborted meanwhile', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'command', name: 'slow' } });
    await change.reaches('apply');
    await sleep(1_000);
    const stopped = secondsOf(() => rig().stopAgent());
    await sleep(500);
    await change.executeUpdate('abort', { args: ['kim: not now'] });
    expect(await stopped).toBeLessThan(8);
    await rig().startAgent();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
  }, 60_000);

  it('while it waits that a pipeline is quiet does not wait, and goes on at its next start', async () => {
    const before = await rig().configuration();
    const change = await rig().start({ change: { kind: 'external' } });
    await change.executeUpdate('awaitArmed');
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    await change.reaches('revert');
    await sleep(1_000);
    expect(await secondsOf(() => rig().stopAgent())).toBeLessThan(5);
    await rig().startAgent();
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
  });
});

describe('a worker that is stopped in the soak', () => {
  it('ends within its grace, and the next one goes on where it stopped', async () => {
    const change = await rig().start(aChange);
    await change.reaches('watch');
    expect(await secondsOf(() => rig().stopWorker())).toBeLessThan(8);
    await rig().startWorker();
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
  });
});
