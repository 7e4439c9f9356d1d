/** What counts as worse than before the change: ranks and medians together, never one slow answer. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CheckProgress, ComparisonRule } from '../../../domain/check.ts';
import { noProgress } from '../../../domain/checks/progress.ts';
import { compare, rankTest, regression } from '../../../domain/checks/regression.ts';
import { aHttpCheck, aPrometheusCheck, aSample } from '../../probes/builders.ts';

const rule: ComparisonRule = { worse: 'higher', factor: 1.5, plus: 10, samples: 20 };
const around = (middle: number, count = 20): number[] =>
  Array.from({ length: count }, (_, index) => middle + index / 10);

describe('worse', () => {
  for (const [name, bent, before, now, want] of [
    ['is a clear shift', {}, around(20), around(60), true],
    ['is no shift smaller than the factor', {}, around(100), around(130), false],
    ['is no shift smaller than the milliseconds', {}, around(2), around(8), false],
    ['is no single slow answer', {}, around(20), [...around(20, 19), 9_000], false],
    ['is no nine slow answers of twenty', {}, around(20), [...around(20, 11), ...around(9_000, 9)], false],
    ['is nothing that was so often before', {}, [...around(20, 16), ...around(90, 4)], around(60), false],
    ['is what was so thrice before', { samples: 30 }, [...around(20, 27), ...around(90, 3)], around(60, 30), true],
    ['is told before all are measured anew', {}, around(20), around(60, 16), true],
    ['is no overlap that a thousand looks would find', {}, around(20), [...around(15, 6), ...around(60, 14)], false],
    ['is not better', {}, around(60), around(20), false],
    ['is lower where lower is worse', { worse: 'lower' }, around(60), around(20), true],
    ['is not higher where lower is worse', { worse: 'lower' }, around(20), around(60), false],
    ['is nothing without enough before', {}, around(20, 19), around(60), false],
    ['is nothing without enough now', {}, around(20), around(60, 15), false],
    ['is nothing where all are the same', { plus: 0, factor: 1 }, around(5).fill(5), around(5).fill(5), false],
    ['is from zero, too', { plus: 0, factor: 2 }, around(0).fill(0), around(0).fill(1), true],
  ] as const)
    it(name, () => expect(regression({ ...rule, ...bent }, before, now) !== null).toBe(want));

  it('is said in words', () =>
    expect(regression(rule, around(20).fill(20), around(60).fill(60), ' ms')).toBe(
      'p50 20 ms before, 60 ms now, 20 samples each, p < 0.000001',
    ));

  it('says how many there are of each', () =>
    expect(regression(rule, around(20, 60), around(60))).toContain('60 and 20 samples'));

  it('never is, where the newest are a part of what was before', () => {
    const values = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 8, maxLength: 40 });
    fc.assert(fc.property(values, (before) => regression(rule, before, before) === null));
  });
});

describe('the rank test', () => {
  it('is a normal approximation of the exact distribution', () => {
    // All 12,870 ways to choose 8 of 16 ranks; how many reach this sum or more.
    const before = [1, 2, 3, 4, 6, 7, 9, 12];
    const now = [5, 8, 10, 11, 13, 14, 15, 16];
    const sum = now.reduce((total, rank) => total + rank, 0);
    let [as, all] = [0, 0];
    for (let mask = 0; mask < 65_536; mask += 1) {
      const ranks = Array.from({ length: 16 }, (_, bit) => bit + 1).filter((_, bit) => mask & (1 << bit));
      if (ranks.length !== 8) continue;
      all += 1;
      if (ranks.reduce((total, rank) => total + rank, 0) >= sum) as += 1;
    }
    // p of that z, one-sided, within a third of the exact one.
    const z = rankTest(before, now);
    const p = 0.5 * erfc(z / Math.SQRT2);
    expect(p / (as / all)).toBeGreaterThan(0.67);
    expect(p / (as / all)).toBeLessThan(1.5);
  });

  it('turns its sign with its sides', () => {
    const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, values, (one, other) => expect(rankTest(one, other)).toBeCloseTo(-rankTest(other, one), 9)),
    );
  });
});

/** Abramowitz and Stegun 7.1.26. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.3275911 * x);
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sum * Math.exp(-x * x);
}

describe('the numbers of a check', () => {
  const check = aHttpCheck({ latency: rule });
  const measured = (latencies: readonly number[], before?: readonly number[]): CheckProgress =>
    latencies.reduce(
      (own, latencyMs, index) => compare(check, own, aSample({ check: check.name, latencyMs, at: index }), before),
      noProgress(check.name),
    );

  it('are the newest, as many as are compared', () => expect(measured(around(20, 30)).values).toHaveLength(20));
  it('are none of a check that compares nothing', () =>
    expect(compare(aHttpCheck(), noProgress('x'), aSample(), undefined).values).toBeUndefined());
  it('are not those of failures', () =>
    expect(compare(check, noProgress('x'), aSample({ mark: 'fail' }), undefined).values).toBeUndefined());
  it('are what Prometheus gave', () =>
    expect(
      compare(aPrometheusCheck({ comparison: rule }), noProgress('x'), aSample({ code: '0.25' }), undefined).values,
    ).toEqual([0.25]));
  it('are worse since they were first, and no longer once they are better', () => {
    expect(measured([...around(20), ...around(60)], around(20)).worse).toMatchObject({
      at: expect.any(Number),
      why: expect.stringMatching(/^got slower: p50 20\.9 ms before, /),
    });
    expect(measured([...around(20), ...around(60), ...around(20)], around(20)).worse).toBeUndefined();
  });
});
