/** The beat of a check on the real clock. */
import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { beat, spread } from '../../probes/schedule.ts';
import { aSample, aTcpCheck } from './builders.ts';

const check = aTcpCheck();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a beat', () => {
  it('takes the first measurement at once, and ends when told', async () => {
    const beganAt = performance.now();
    let taken = 0;
    const measure = async () => aSample();
    await beat({ check, measure, next: () => (++taken === 3 ? null : 40), signal: new AbortController().signal });
    expect(taken).toBe(3);
    expect(performance.now() - beganAt).toBeGreaterThanOrEqual(75);
  });

  it('loses no beat to slow measurements and late timers', async () => {
    const end = new AbortController();
    // Of each measurement that ended: when. One that takes longer than a beat, on a busy machine, may cost some.
    const ends: number[] = [];
    const measure = async () => {
      await pause(60);
      ends.push(performance.now());
      return aSample();
    };
    let dueAt = performance.now();
    const beating = beat({ check, measure, next: () => 100, signal: end.signal });
    await pause(2_010);
    const abortedAt = performance.now();
    end.abort();
    await beating;
    let due = 0;
    for (let n = 0; dueAt < abortedAt; n += 1, due += 1) dueAt = Math.max(dueAt + 100, ends[n] ?? 0);
    // The last one runs still, or its timer comes late.
    expect(ends.length).toBeGreaterThanOrEqual(due - 2);
    expect(ends.length).toBeLessThanOrEqual(due);
  });

  it('never overlaps, and makes up for nothing after a long measurement', async () => {
    const begins: number[] = [];
    let running = 0;
    const measure = async () => {
      begins.push(performance.now());
      expect(running++).toBe(0);
      await pause(begins.length === 1 ? 200 : 1);
      running -= 1;
      return aSample();
    };
    await beat({
      check,
      measure,
      next: () => (begins.length === 4 ? null : 50),
      signal: new AbortController().signal,
    });
    const gaps = begins.slice(1).map((at, index) => at - (begins[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(198);
    // A timer that comes late shortens the next pause; a burst would leave none of them.
    expect(begins[3]! - begins[1]!).toBeGreaterThanOrEqual(50);
  });

  it('does not wait for a measurement that hangs when it is aborted', async () => {
    const end = new AbortController();
    const beating = beat({ check, measure: () => new Promise(() => undefined), next: () => 1, signal: end.signal });
    setTimeout(() => end.abort(), 50);
    await beating;
  });

  it('takes none when it was aborted before', async () => {
    const measure = () => Promise.reject(new Error('measured'));
    await beat({ check, measure, next: () => 1, signal: AbortSignal.abort() });
  });

  it('leaves nothing hanging on the signal, however long the soak', async () => {
    const { signal } = new AbortController();
    let taken = 0;
    await beat({ check, measure: async () => aSample(), next: () => (++taken === 200 ? null : 0), signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('many checks', () => {
  const checks = (count: number, intervalMs: number) => Array.from({ length: count }, () => aTcpCheck({ intervalMs }));

  it('begin one after the other, the first at once', () =>
    expect([0, 1, 2].map((index) => spread(index, checks(3, 1_000)))).toEqual([0, 10, 20]));

  it('have all begun within the shortest interval', () => expect(spread(99, checks(100, 200))).toBeLessThan(200));
});
