/** Checks that are compared with the time before the change: from the baseline through the watch to a verdict. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { resolveSecret } from '../../config/secrets.ts';
import { createProbeActivities } from '../../activities/probe.ts';
import type { ProbeActivities } from '../../activities/contract.ts';
import type { PrometheusCheck } from '../../domain/check.ts';
import { aPrometheusCheck } from '../probes/builders.ts';
import { type Metrics, openMetrics, vector } from '../support/prometheus.ts';

const where = { target: 'shop-db', changeId: 'c1' };
const activities = createProbeActivities({ resolveSecret, recordSamples: async () => undefined });
let metrics: Metrics;
beforeAll(async () => {
  metrics = await openMetrics();
});
afterAll(() => metrics.close());
beforeEach(() => {
  metrics.now = () => vector(1);
  metrics.at = (seconds) => 1 + (Math.round(seconds / 10) % 5) / 100;
});

const check = (bent: Partial<PrometheusCheck> = {}): PrometheusCheck =>
  aPrometheusCheck({
    url: metrics.url,
    intervalMs: 50,
    windowMs: 600_000,
    comparison: { worse: 'higher', factor: 1.5, plus: 0, samples: 16 },
    ...bent,
  });

type Baseline = Awaited<ReturnType<ProbeActivities['baseline']>>;

const baseline = (checks: readonly PrometheusCheck[]): Promise<Baseline> =>
  new MockActivityEnvironment().run(activities.baseline, { ...where, checks }) as Promise<Baseline>;

function watch(checks: readonly PrometheusCheck[], { progress }: Baseline, settleUntil = 0) {
  const env = new MockActivityEnvironment();
  const before = progress.map(({ check: name, values = [] }) => ({ check: name, values }));
  const input = { ...where, checks, settleUntil, progress: [], ignore: [], holding: false, before };
  const result = env.run(activities.watch, input) as ReturnType<ProbeActivities['watch']>;
  return { result, cancel: () => env.cancel('CANCELLED') };
}

async function after(ms: number, act: () => void): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  act();
}

describe('a number of Prometheus', () => {
  it('that got worse is unhealthy, with both medians in its words', async () => {
    const seen = await baseline([check()]);
    expect(seen.red).toEqual([]);
    expect(seen.progress[0]?.values).toHaveLength(60);
    metrics.now = () => vector(3);
    expect((await watch([check()], seen).result).verdict).toEqual({
      kind: 'unhealthy',
      check: 'image-service/errors',
      dependent: 'image-service',
      why: 'image-service/errors got worse: p50 1.02 before, 3 now, 60 and 16 samples, p < 0.000001',
    });
  });

  it('that stays as it was, or leaps once, decides nothing', async () => {
    const seen = await baseline([check()]);
    let asked = 0;
    metrics.now = () => vector((asked += 1) % 9 === 0 ? 500 : 1.01);
    const { result, cancel } = watch([check()], seen);
    await after(1_500, cancel);
    expect(await result).toMatchObject({ verdict: null, progress: [{ fails: 0 }] });
    expect(asked).toBeGreaterThan(20);
  });

  it('is not compared while settling', async () => {
    const seen = await baseline([check()]);
    metrics.now = () => vector(3);
    const { result, cancel } = watch([check()], seen, Date.now() + 60_000);
    await after(800, cancel);
    expect((await result).verdict).toBeNull();
    expect((await result).progress[0]?.values).toBeUndefined();
  });

  it('without enough from before is a red baseline, with its reason', async () => {
    metrics.at = () => null;
    expect((await baseline([check()])).red).toEqual([
      {
        kind: 'inconclusive',
        check: 'image-service/errors',
        why: 'image-service/errors has 0 of 16 numbers to compare with',
      },
    ]);
  });
});
