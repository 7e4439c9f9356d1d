/** Baseline and recovery in the SDK's own activity environment, against a real server and a real service. */
import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ProbeActivities } from '../../activities/contract.ts';
import type { CheckSpec } from '../../domain/check.ts';
import { activities, denied, login, pages, shop, unmeasurable, where } from './dependents.ts';

const baseline = (checks: readonly CheckSpec[], env = new MockActivityEnvironment()) =>
  env.run(activities.baseline, { ...where, checks }) as ReturnType<ProbeActivities['baseline']>;

describe('the baseline', () => {
  it('is green after the passes that each check needs', async () => {
    const { red, progress } = await baseline([pages(), login()]);
    expect(red).toEqual([]);
    expect(progress.map(({ passes }) => passes)).toEqual([3, 3]);
  });

  it('is red for a required check that fails, and says why', async () => {
    shop.status = 500;
    const { red } = await baseline([pages(), login()]);
    expect(red).toMatchObject([{ kind: 'unhealthy', check: 'shop/pages', why: expect.stringContaining('500') }]);
  });

  it('is red for a check that cannot be measured', async () =>
    expect((await baseline([unmeasurable()])).red).toMatchObject([{ kind: 'inconclusive' }]));

  it('is not red for an advisory check, which it measures', async () => {
    const { red, progress } = await baseline([denied({ level: 'advisory' }), login({ name: 'a/b' })]);
    expect(red).toEqual([]);
    expect(progress[0]?.fails).toBe(2);
  });

  it('waits for a service that stumbles and recovers', async () => {
    shop.status = 500;
    setTimeout(() => (shop.status = 200), 70);
    expect((await baseline([pages()])).red).toEqual([]);
  });

  it('does not wait for the long intervals of the watch', async () => {
    const beganAt = performance.now();
    expect((await baseline([pages({ intervalMs: 60_000 })])).red).toEqual([]);
    expect(performance.now() - beganAt).toBeLessThan(4_000);
  });

  it('gives no answer when it is cancelled', async () => {
    const env = new MockActivityEnvironment();
    setTimeout(() => env.cancel('CANCELLED'), 100);
    await expect(baseline([pages({ intervalMs: 500 })], env)).rejects.toMatchObject({ name: 'CancelledFailure' });
  });
});

const recovery = (checks: readonly CheckSpec[], timeoutMs = 5_000) =>
  new MockActivityEnvironment().run(activities.recovery, { ...where, checks, timeoutMs }) as ReturnType<
    ProbeActivities['recovery']
  >;

describe('recovery', () => {
  it('answers once every required check passes again', async () => {
    shop.status = 500;
    setTimeout(() => (shop.status = 200), 300);
    const { recovered, progress } = await recovery([pages(), login()]);
    expect(recovered).toBe(true);
    expect(progress).toMatchObject([{ passesInARow: 2, check: 'shop/pages' }, { passesInARow: 2 }]);
    expect(progress[0]?.fails).toBeGreaterThan(1);
  });

  it('waits no longer than told, and says that it fails still', async () => {
    const beganAt = performance.now();
    expect(await recovery([denied(), pages()], 400)).toMatchObject({ recovered: false });
    expect(performance.now() - beganAt).toBeLessThan(1_000);
  });

  it('does not wait for an advisory check', async () => {
    const beganAt = performance.now();
    expect(await recovery([denied({ level: 'advisory' }), pages()])).toMatchObject({ recovered: true });
    expect(performance.now() - beganAt).toBeLessThan(1_500);
  });

  it('takes no advisory failure for a recovery where there is nothing else', async () =>
    expect(await recovery([denied({ level: 'advisory' })], 300)).toMatchObject({ recovered: false }));
});
