import { describe, expect, it } from '@jest/globals';
import { keep } from '../../../worker/stack/keeper.ts';
import { run } from '../../../worker/stack/run.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { script } from './script.ts';

/** Sleeps that no other test has, so that they can be found. */
let nextSleep = 0;
const uniqueSleep = () => `7${process.pid}.${(nextSleep += 1)}`;
const sleeping = async (seconds: string) => (await processesWith(`sleep ${seconds}`)).length > 0;

describe('a kept child', () => {
  it('gives its exit code and its last lines', async () => {
    expect(await run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 7'])).toEqual({ code: 7, output: 'out\nerr' });
  });

  it('gives the exit code of a child that has ended before anybody asked, every time', async () => {
    const codes = await Promise.all(Array.from({ length: 40 }, () => run('/bin/sh', ['-c', 'exit 7'])));
    expect(codes.map(({ code }) => code)).toEqual(codes.map(() => 7));
  });

  it('says 127 for a command that is not there', async () => {
    expect((await run('/no/such/command', [])).code).toBe(127);
  });

  it('does not wait for a daemon that its command leaves behind', async () => {
    const seconds = uniqueSleep();
    const startedMs = performance.now();
    await run('/bin/sh', ['-c', `setsid sleep ${seconds} & echo started`]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    for (const id of await processesWith(`sleep ${seconds}`)) process.kill(id);
  });

  it('ends with all its own children when it is stopped', async () => {
    const seconds = uniqueSleep();
    const kept = await keep('/bin/sh', ['-c', `sleep ${seconds} & sleep ${seconds}; true`]);
    await eventually('its child', () => sleeping(seconds));
    await kept.stop();
    expect(await sleeping(seconds)).toBe(false);
  });

  it('is ended by force when it does not listen', async () => {
    const seconds = uniqueSleep();
    const kept = await keep('/bin/sh', ['-c', `trap '' TERM; sleep ${seconds}; sleep ${seconds}`], { graceMs: 300 });
    await eventually('its child', () => sleeping(seconds));
    await kept.stop();
    expect(await sleeping(seconds)).toBe(false);
  });

  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    it(`ends when its starter gets ${signal}`, async () => {
      const seconds = uniqueSleep();
      const starter = script(`
        const { keep } = await stack('keeper');
        await keep('/bin/sh', ['-c', 'sleep ${seconds} & sleep ${seconds}; true']);
        console.log('up'); setInterval(() => {}, 1000);
      `);
      await starter.line();
      await eventually('the child', () => sleeping(seconds));
      starter.process.kill(signal);
      await eventually('its end', async () => !(await sleeping(seconds)));
    });
  }

  it('does not hold its starter, and ends with it', async () => {
    const seconds = uniqueSleep();
    const starter = script(`const { keep } = await stack('keeper'); await keep('sleep', ['${seconds}']);`);
    expect(await starter.exited).toBe(0);
    await eventually('its end', async () => !(await sleeping(seconds)));
  });
});
