/** A real HTTP service with real, noisy latency: what gets slower is found by the real watch, and what stays as it was is not. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ProbeActivities } from '../../activities/contract.ts';
import { createProbeActivities } from '../../activities/probe.ts';
import { resolveSecret } from '../../config/secrets.ts';
import type { HttpCheck } from '../../domain/check.ts';
import { randomOf } from '../domain/checks/campaign/noise.ts';
import { aHttpCheck } from '../probes/builders.ts';

const where = { target: 'shop-db', changeId: 'c1' };
const activities = createProbeActivities({ resolveSecret, recordSamples: async () => undefined });
const seed = Date.now() % 1_000_000;
const random = randomOf(seed, 0);
/** By how much every answer is slower. */
const shop = { times: 1, asked: 0 };
const slow = 25;
let service: Server;

beforeAll(async () => {
  service = createServer((_request, response) => {
    shop.asked += 1;
    // Log-normal about 8 ms, and one in thirty a pause.
    const pauseMs = random.uniform() < 0.03 ? 60 : 0;
    setTimeout(() => response.end(), shop.times * 8 * Math.exp(0.3 * random.normal()) + pauseMs);
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void service.close());
beforeEach(() => {
  shop.times = 1;
});

const check = (bent: Partial<HttpCheck> = {}): HttpCheck =>
  aHttpCheck({
    url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/`,
    intervalMs: 40,
    // Far more than what other tests on the same machine take from it.
    latency: { worse: 'higher', factor: 3, plus: 80, samples: 20, forMs: 400 },
    ...bent,
  });

type Baseline = Awaited<ReturnType<ProbeActivities['baseline']>>;

const baseline = (one: HttpCheck): Promise<Baseline> =>
  new MockActivityEnvironment().run(activities.baseline, { ...where, checks: [one] }) as Promise<Baseline>;

const beforeOf = ({ progress }: Baseline) => progress.map(({ check: name, values = [] }) => ({ check: name, values }));

function watch(one: HttpCheck, seen: Baseline) {
  const env = new MockActivityEnvironment();
  const input = { ...where, checks: [one], settleUntil: 0, progress: [], ignore: [], holding: false };
  const result = env.run(activities.watch, { ...input, before: beforeOf(seen) }) as ReturnType<
    ProbeActivities['watch']
  >;
  return { result, cancel: () => env.cancel('CANCELLED') };
}

async function measured(times: number): Promise<void> {
  const until = shop.asked + times;
  while (shop.asked < until) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe(`a service with noisy latency (seed ${seed})`, () => {
  it('that answers far slower is unhealthy, with both medians in its words', async () => {
    const seen = await baseline(check());
    expect(seen.red).toEqual([]);
    expect(seen.progress[0]?.values).toHaveLength(20);
    const { result } = watch(check(), seen);
    await measured(10);
    shop.times = slow;
    expect((await result).verdict).toMatchObject({
      kind: 'unhealthy',
      check: 'image-service/images',
      why: expect.stringMatching(
        /^image-service\/images got slower: p50 [\d.]+ ms before, [\d.]+ ms now, 20 samples each, p < 0\.000001$/,
      ),
    });
  });

  it('that stays as it was decides nothing', async () => {
    const { result, cancel } = watch(check(), await baseline(check()));
    await measured(60);
    cancel();
    expect(await result).toMatchObject({ verdict: null, progress: [{ fails: 0 }] });
  });

  it('that is slow for a moment decides nothing', async () => {
    const patient = check({ latency: { ...check().latency!, forMs: 60_000 } });
    const { result, cancel } = watch(patient, await baseline(patient));
    shop.times = slow;
    await measured(22);
    shop.times = 1;
    await measured(25);
    cancel();
    const { verdict, progress } = await result;
    expect([verdict, progress[0]?.worse]).toEqual([null, undefined]);
  });

  it('has recovered once it answers as before, and not by passing slowly', async () => {
    const seen = await baseline(check());
    const recovery = (timeoutMs: number) =>
      new MockActivityEnvironment().run(activities.recovery, {
        ...where,
        checks: [check()],
        timeoutMs,
        before: beforeOf(seen),
      }) as ReturnType<ProbeActivities['recovery']>;
    shop.times = slow;
    expect(await recovery(700)).toMatchObject({ recovered: false });
    shop.times = 1;
    expect(await recovery(20_000)).toMatchObject({ recovered: true });
  });
});
