/** The watch in the SDK's own activity environment, against a real server and a real service. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProbeActivities } from '../../activities/contract.ts';
import { createProbeActivities } from '../../activities/probe.ts';
import type { CheckProgress, CheckSpec } from '../../domain/check.ts';
import { aTcpCheck, progressFrom } from '../probes/builders.ts';
import {
  activities,
  admin,
  cluster,
  denied,
  login,
  pages,
  pause,
  shop,
  stored,
  unmeasurable,
  where,
} from './dependents.ts';

type WatchInput = Parameters<ProbeActivities['watch']>[0];

function watching(
  checks: readonly CheckSpec[],
  bent: Partial<WatchInput> = {},
  { env = new MockActivityEnvironment(), probe = activities } = {},
) {
  const input = { ...where, checks, settleUntil: 0, progress: [], ignore: [], holding: false, ...bent };
  const result = env.run(probe.watch, input) as ReturnType<ProbeActivities['watch']>;
  const cancel = async (afterMs: number): ReturnType<ProbeActivities['watch']> => {
    await pause(afterMs);
    env.cancel('CANCELLED');
    return result;
  };
  return { result, cancel, env };
}

describe('watch', () => {
  it('returns as soon as a check is unhealthy, with the check, the reason and the samples', async () => {
    shop.status = 500;
    const beganAt = Date.now();
    const { verdict, progress, decidedAt } = await watching([pages(), login()]).result;
    expect(verdict).toEqual({
      kind: 'unhealthy',
      check: 'shop/pages',
      dependent: 'shop',
      why: 'shop/pages failed 3 times in a row: 500 expected status 200, got 500',
    });
    expect(progress).toMatchObject([{ check: 'shop/pages', fails: 3, failsInARow: 3 }, { fails: 0 }]);
    expect(decidedAt).toBeGreaterThanOrEqual(beganAt + 100);
    expect(decidedAt).toBeLessThanOrEqual(Date.now());
    await pause(100);
    expect(stored.filter(({ check }) => check === 'shop/pages').map(({ code }) => code)).toEqual(['500', '500', '500']);
  });

  it('decides on two denials in less than a second, whatever the interval', async () => {
    const beganAt = performance.now();
    const { verdict, progress } = await watching([denied({ intervalMs: 10_000 })]).result;
    expect(performance.now() - beganAt).toBeLessThan(1_000);
    expect(verdict).toMatchObject({ kind: 'unhealthy', why: expect.stringContaining('28000') });
    expect(progress).toMatchObject([{ accessDenialsInARow: 2 }]);
  });

  it('counts denials while settling, and forgives the rest', async () => {
    shop.status = 503;
    const settleUntil = Date.now() + 60_000;
    const { verdict, progress } = await watching([pages()], { settleUntil }).cancel(400);
    expect(verdict).toBeNull();
    expect(progress).toMatchObject([{ fails: 0, passes: 0 }]);
    expect(progress[0]?.forgiven).toBeGreaterThan(3);
    expect(await watching([pages(), denied()], { settleUntil }).result).toMatchObject({
      verdict: { kind: 'unhealthy' },
    });
  });

  it('goes on where the last attempt stopped', async () => {
    shop.status = 500;
    const heartbeatDetails = [progressFrom('..xx', 'shop/pages')] as readonly CheckProgress[];
    const env = new MockActivityEnvironment({ heartbeatDetails, attempt: 2 });
    const { verdict, progress } = await watching([pages()], {}, { env }).result;
    expect(verdict).toMatchObject({ kind: 'unhealthy' });
    expect(progress).toMatchObject([{ passes: 2, fails: 3, failsInARow: 3, firstAt: heartbeatDetails[0]?.firstAt }]);
  });

  it('stands by what the last attempt had decided when it died', async () => {
    const env = new MockActivityEnvironment({ heartbeatDetails: [progressFrom('.aa', 'shop/pages')], attempt: 2 });
    const before = shop.asked;
    expect(await watching([pages()], {}, { env }).result).toMatchObject({ verdict: { kind: 'unhealthy' } });
    expect(shop.asked).toBe(before);
  });

  it('takes the counters of an earlier watch of the same soak', async () => {
    const { progress } = await watching([pages()], { progress: [progressFrom('.....', 'shop/pages')] }).cancel(120);
    expect(progress[0]?.passes).toBeGreaterThan(5);
  });

  it('ends a hold as soon as the dependents have been healthy for long enough, a gap or failures before that', async () => {
    const gap = { ...progressFrom('.x.x', 'shop/pages'), longestGapMs: 60_000 };
    const bent = { holding: true, enoughAfterMs: 300, progress: [gap] };
    const beganAt = performance.now();
    const { verdict, progress } = await watching([pages()], bent).result;
    expect(verdict).toEqual({ kind: 'healthy' });
    expect(performance.now() - beganAt).toBeGreaterThanOrEqual(300);
    expect(progress).toMatchObject([{ fails: 0 }]);
  });

  it('does not end a hold that only people end, nor one whose dependent fails again and again', async () => {
    expect(await watching([pages()], { holding: true }).cancel(500)).toMatchObject({ verdict: null });
    const flapping = { ...pages(), thresholds: { failures: 3, errors: 5, successes: 1_000 } };
    const bent = { holding: true, enoughAfterMs: 100 };
    expect(await watching([flapping], bent).cancel(500)).toMatchObject({ verdict: null });
  });

  it('answers a cancellation with its counters and no verdict', async () => {
    const { verdict, progress } = await watching([pages(), login()]).cancel(500);
    expect(verdict).toBeNull();
    for (const own of progress) expect(own.passesInARow).toBeGreaterThan(3);
    expect(progress.map(({ check }) => check)).toEqual(['shop/pages', 'image-service/login']);
  });

  it('answers a cancellation although a measurement hangs', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`;
    const watch = watching([pages({ url, timeoutMs: 1_500 })]);
    const beganAt = performance.now();
    expect(await watch.cancel(200)).toMatchObject({ verdict: null });
    expect(performance.now() - beganAt).toBeLessThan(1_000);
    await new Promise((resolve) => hanging.close(resolve));
  });

  it('answers at once when it was cancelled before it began', async () => {
    const env = new MockActivityEnvironment();
    env.cancel('CANCELLED');
    expect(await watching([pages()], {}, { env }).result).toMatchObject({ verdict: null, progress: [{ passes: 0 }] });
  });

  it('returns when it cannot tell, unless people are asked already', async () => {
    const blind = unmeasurable();
    expect(await watching([blind]).result).toMatchObject({ verdict: { kind: 'inconclusive', check: blind.name } });
    const { verdict, progress } = await watching([blind], { holding: true }).cancel(700);
    expect(verdict).toBeNull();
    expect(progress[0]?.errorsInARow).toBeGreaterThan(5);
  });

  it('returns on unhealthy even in a hold', async () => {
    const checks = [unmeasurable({ name: 'a/blind' }), denied()];
    expect(await watching(checks, { holding: true }).result).toMatchObject({ verdict: { kind: 'unhealthy' } });
  });

  it('records what was red before without heeding it, and without knocking faster', async () => {
    const red = denied({ intervalMs: 300 });
    const advisory = denied({ name: 'image-service/other', level: 'advisory', intervalMs: 300 });
    const { verdict, progress } = await watching([red, advisory], { ignore: [red.name] }).cancel(1_000);
    expect(verdict).toBeNull();
    for (const own of progress) {
      expect(own.fails).toBeGreaterThanOrEqual(3);
      expect(own.fails).toBeLessThanOrEqual(4);
    }
  });

  it('sends its counters with each heartbeat, every two seconds', async () => {
    const env = new MockActivityEnvironment();
    const beats: { at: number; details: readonly CheckProgress[] }[] = [];
    env.on('heartbeat', (details: readonly CheckProgress[]) => beats.push({ at: performance.now(), details }));
    const beganAt = performance.now();
    await watching([pages()], {}, { env }).cancel(4_300);
    expect(beats.map(({ at }) => Math.round((at - beganAt) / 1_000))).toEqual([2, 4]);
    expect(beats[1]?.details).toMatchObject([{ check: 'shop/pages' }]);
    expect(beats[1]?.details[0]?.passes).toBeGreaterThan(beats[0]?.details[0]?.passes ?? 0);
  });

  for (const [name, recordSamples] of [
    ['refuses', () => Promise.reject(new Error('no store'))],
    ['hangs', () => new Promise<void>(() => undefined)],
  ] as const)
    it(`makes nobody wait for a store that ${name}`, async () => {
      const probe = createProbeActivities({ resolveSecret: (text) => Promise.resolve(text), recordSamples });
      const { result } = watching([denied()], {}, { probe });
      expect((await result).verdict).toMatchObject({ kind: 'unhealthy' });
    });
});

describe('a hundred checks', () => {
  it('are watched without a warning, a burst of connections, or anything left behind', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const checks = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0
        ? login({ name: `many/${index}`, intervalMs: 1_000 })
        : aTcpCheck({ name: `many/${index}`, intervalMs: 1_000, port: cluster().port }),
    );
    const { verdict, progress } = await watching(checks).cancel(5_000);
    process.off('warning', warn);
    expect(verdict).toBeNull();
    expect(warnings).toEqual([]);
    for (const own of progress) {
      expect(own).toMatchObject({ fails: 0, errors: 0, noData: 0 });
      expect(own.passes).toBeGreaterThanOrEqual(4);
    }
    expect(JSON.stringify(progress).length).toBeLessThan(65_536);
  });

  it('leave no connection on the server', async () => {
    const left = `select pid from pg_stat_activity where application_name = 'knowngood-probe'`;
    for (let tries = 0; tries < 20 && (await admin(left)).length > 0; tries += 1) await pause(100);
    expect(await admin(left)).toEqual([]);
  });
});
