/** Few changes begin at a time, in the order of their coming. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createBeginnings } from '../../activities/beginnings.ts';

const never = new AbortController().signal;

describe('beginnings', () => {
  it('lets the next one in when one has left, first come, first served', async () => {
    const beginnings = createBeginnings(2);
    const begun: string[] = [];
    for (const change of ['a', 'b', 'c', 'd']) void beginnings.enter(change, never).then(() => begun.push(change));
    await sleep(5);
    expect(begun).toEqual(['a', 'b']);
    beginnings.leave('b');
    beginnings.leave('b');
    beginnings.leave('unknown');
    await sleep(5);
    expect(begun).toEqual(['a', 'b', 'c']);
    beginnings.leave('a');
    beginnings.leave('c');
    await sleep(5);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the place of one that gave up waiting to nobody else than the next', async () => {
    const beginnings = createBeginnings(1);
    await beginnings.enter('a', never);
    const impatient = new AbortController();
    const given = beginnings.enter('b', impatient.signal);
    const next = beginnings.enter('c', never);
    impatient.abort(new Error('aborted'));
    await expect(given).rejects.toThrow('aborted');
    beginnings.leave('a');
    await next;
    await expect(beginnings.enter('d', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  it('does not wait for one whose dependents are measured elsewhere', async () => {
    const beginnings = createBeginnings(1);
    await beginnings.enter('a', never);
    const began = performance.now();
    // The timer alone holds no process up.
    const alive = setInterval(() => undefined, 100);
    await beginnings.enter('b', never);
    clearInterval(alive);
    expect(performance.now() - began).toBeGreaterThan(4_000);
  });
});
