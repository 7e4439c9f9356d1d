/** What is known beforehand of comparisons that cannot tell. */
import { describe, expect, it } from '@jest/globals';
import { foreseenOf } from '../../../domain/checks/foreseen.ts';
import { aHttpCheck, aPrometheusCheck } from '../../probes/builders.ts';

const rule = { worse: 'higher', factor: 2, plus: 20, samples: 30, forMs: 60_000 } as const;
const slow = aHttpCheck({ latency: rule, intervalMs: 10_000 });

describe('a comparison', () => {
  it('with a soak that is long enough is not warned of', () => {
    expect(foreseenOf([slow, aHttpCheck({ intervalMs: 600_000 })], 600_000)).toEqual([]);
    expect(foreseenOf([slow], 360_000)).toEqual([]);
  });
  it('whose soak has fewer measurements can only end in a hold', () =>
    expect(foreseenOf([slow], 299_999)).toEqual([
      'check image-service/images compares 30 measurements, one every 10s; a soak of 299999ms has fewer: it ends in a hold, never healthy',
    ]));
  it('whose soak leaves no time to be sure is told of, too', () =>
    expect(foreseenOf([slow], 300_000)).toEqual([
      'check image-service/images compares 30 measurements, one every 10s, and waits 1m; a soak of 5m is shorter: what gets worse may end in a hold, not in a revert',
    ]));
  it('with a window that holds too few has a red baseline', () => {
    const check = aPrometheusCheck({ comparison: rule, intervalMs: 10_000, windowMs: 120_000 });
    expect(foreseenOf([check], 600_000)).toEqual([
      'check image-service/errors compares 30 measurements, one every 10s; its window of 2m holds fewer: the baseline will be red',
    ]);
  });
});
