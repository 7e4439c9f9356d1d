/** Samples on their way to a store that works, comes back, hangs, or never answers. */
import { describe, expect, it } from '@jest/globals';
import type { Sample } from '../../domain/check.ts';
import { openSampleSpool } from '../../probes/sample-spool.ts';
import { aSample, noon } from './builders.ts';

const where = { target: 'shop-db', changeId: 'c1' };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the spool', () => {
  it('sends what is left when it closes, in order and in batches', async () => {
    const batches: (readonly Sample[])[] = [];
    const spool = openSampleSpool(where, async (_target, _change, samples) => void batches.push(samples));
    for (let index = 0; index < 1_201; index += 1) spool.add(aSample({ at: noon + index }));
    await spool.close(1_000);
    expect(batches.map(({ length }) => length)).toEqual([500, 500, 201]);
    expect(batches.flat().map(({ at }) => at - noon)).toEqual(Array.from({ length: 1_201 }, (_, index) => index));
  });

  it('keeps what the store refused, and sends it once the store is back, though closed', async () => {
    let away = true;
    const got: Sample[] = [];
    const spool = openSampleSpool(where, async (_target, _change, samples) => {
      if (away) throw new Error('no store');
      got.push(...samples);
    });
    spool.add(aSample());
    const beganAt = performance.now();
    await spool.close(1_000);
    expect(performance.now() - beganAt).toBeLessThan(500);
    expect(got).toEqual([]);
    away = false;
    await pause(2_500);
    expect(got).toEqual([aSample()]);
  });

  it('waits no longer than told for a store that hangs, and does not knock again meanwhile', async () => {
    let knocks = 0;
    const spool = openSampleSpool(where, () => {
      knocks += 1;
      return new Promise(() => undefined);
    });
    spool.add(aSample());
    const beganAt = performance.now();
    await spool.close(100);
    expect(performance.now() - beganAt).toBeLessThan(600);
    await pause(2_500);
    expect(knocks).toBe(1);
  });

  it('drops the oldest of too many, and says so once', async () => {
    const said: string[] = [];
    let away = true;
    const got: Sample[] = [];
    const record = async (_target: string, _change: string, samples: readonly Sample[]): Promise<void> => {
      if (away) throw new Error('no store');
      got.push(...samples);
    };
    const spool = openSampleSpool(where, record, (line) => said.push(line));
    for (let index = 0; index < 50_010; index += 1) spool.add(aSample({ at: noon + index }));
    away = false;
    await spool.close(5_000);
    expect(got).toHaveLength(50_000);
    expect(got[0]?.at).toBe(noon + 10);
    expect(said).toEqual(['samples of shop-db:c1 are dropped: the store has been away for too long']);
  });
});
