/** The report's model: what is claimed follows from what was measured, and from nothing else. */
import { describe, expect, it } from '@jest/globals';
import { reportOf } from '../../../domain/report/report.ts';
import type { ReportInput } from '../../../domain/report/input.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import { anOutage, aProgress, checks, firstFailureAt, samples, start } from '../../report/outage.ts';

function ended(bent: Partial<ChangeResult>, input: Partial<ReportInput> = {}): ReportInput {
  const outage = anOutage(input);
  return { ...outage, result: { ...outage.result, ...bent } };
}

const untouched: Partial<ChangeResult> = {
  outcome: 'rejected',
  reason: 'baseline-red',
  dependents: 'unaffected',
  moments: {
    started: start,
    armed: null,
    applied: null,
    firstFailure: null,
    decided: start + 900,
    restored: null,
    recovered: null,
    closed: start + 1_000,
  },
};

const kept: Partial<ChangeResult> = {
  outcome: 'kept',
  reason: 'soak-healthy',
  dependents: 'unaffected',
  moments: { ...anOutage().result.moments, firstFailure: null, restored: null, recovered: null },
};

describe('an outage that was reverted', () => {
  const model = reportOf(anOutage());

  it('is named after its target and change', () => {
    expect(model).toMatchObject({ schema: 'knowngood.report/1', id: 'shop-db:upgrade-17', comparison: null });
  });

  it('tells who suffered', () => {
    expect(model.headline).toBe('image-service suffered; shop-db is back to known-good');
  });

  it('measures each part of it', () => {
    expect(model.spans).toEqual({
      detectMs: 700,
      decideMs: 1_040,
      revertMs: 2_840,
      verifyMs: 1_820,
      recoverMs: 1_820,
      outageMs: 5_700,
      totalMs: 16_100,
    });
    expect(model.moments.map(({ name }) => name)).toEqual([
      'started',
      'armed',
      'applied',
      'firstFailure',
      'decided',
      'reverting',
      'restored',
      'recovered',
      'closed',
    ]);
  });

  it('counts each check before, under and after the change, what settling forgave apart', () => {
    const [login, images, pages] = model.checks;
    expect(login).toMatchObject({
      before: { measured: 6, passes: 6, fails: 0 },
      during: { measured: 7, passes: 3, fails: 4 },
      after: { measured: 2, passes: 2 },
      firstFailure: { at: firstFailureAt, code: '28000' },
      state: 'recovered',
    });
    expect(images).toMatchObject({ during: { measured: 7, passes: 1, fails: 3, forgiven: 3 }, state: 'recovered' });
    expect(pages).toMatchObject({ during: { fails: 0 }, firstFailure: null, state: 'unaffected' });
  });

  it('says where the server’s own answer points, and that it went away with the revert', () => {
    expect(model.cause).toContain(
      'image-service/login passed before the change and failed under it. It went away with the revert. The server refused the connection (28000): look at pg_hba.conf and at the role.',
    );
  });

  it('reminds of the source, and that a command may have done more', () => {
    expect(model.followUps[0]).toMatch(/^Mend your source too/);
    expect(model.followUps[1]).toMatch(/^The revert restores configuration/);
  });

  it('keeps secrets of an address to itself', () => {
    expect(JSON.stringify(model)).not.toMatch(/hunter[23]|IMAGE_SVC_PASSWORD/);
  });
});

it('escalates dependents that still fail although the configuration is proven restored', () => {
  const still = samples.map((sample) =>
    sample.check === 'image-service/login' && sample.at > firstFailureAt
      ? { ...sample, mark: 'fail' as const }
      : sample,
  );
  const model = reportOf(ended({ dependents: 'still-failing' }, { samples: still }));
  expect(model.checks[0]?.state).toBe('still-failing');
  expect(model.impact.at(-1)).toMatch(/proven restored, yet not every check passes/);
  expect(model.followUps.join(' ')).toContain(
    'Still failing, and not because of the configuration alone: image-service/login.',
  );
  expect(model.cause.join(' ')).not.toContain('went away');
});

it('falls back on the counters when the samples did not reach the store', () => {
  const outage = anOutage({ samples: [] });
  const failing = aProgress({ fails: 2, passes: 1, last: samples.find(({ mark }) => mark === 'fail') ?? null });
  const model = reportOf({ ...outage, details: { ...outage.details, watch: [failing] } });
  expect(model.checks[0]).toMatchObject({
    before: null,
    during: { measured: 3, fails: 2, medianMs: null },
    after: { measured: 3, passes: 3 },
    state: 'recovered',
  });
  expect(model.checks[1]).toMatchObject({ during: null, state: 'not-measured' });
});

describe('a change that was kept', () => {
  it('tells that nobody suffered, by how many measurements', () => {
    const model = reportOf(ended(kept, { samples: samples.map((sample) => ({ ...sample, mark: 'pass' as const })) }));
    expect(model.headline).toBe('shop-db keeps the change; its dependents stayed healthy');
    expect(model.impact).toEqual(['No check failed while the change was in force (27 measurements of 3 checks).']);
    expect(model.followUps.join(' ')).not.toContain('Mend your source');
  });

  it('shows a failure below the threshold as recovered', () => {
    const model = reportOf(ended(kept));
    expect(model.checks[0]?.state).toBe('recovered');
    expect(model.headline).toBe('shop-db keeps the change; image-service failed at times, not enough to revert');
  });

  it('without checks claims nothing', () => {
    const outage = ended(kept, { samples: [] });
    const model = reportOf({ ...outage, change: { ...outage.change, checks: [] } });
    expect(model.impact).toEqual(['Unknown: no dependent of this target declares a check, so nothing was measured.']);
    expect(model.followUps.join(' ')).toContain('Declare dependents with checks');
  });
});

it('a change that touched nothing says so, and its red baseline stands under before', () => {
  const red = samples.map((sample) => ({ ...sample, mark: 'fail' as const }));
  const details = { ...anOutage().details, recovery: [], reverted: [], proof: [] };
  const model = reportOf(ended(untouched, { samples: red, plan: null, details }));
  expect(model.headline).toBe('Nothing was touched on shop-db: a required check was red before the change');
  expect(model.impact).toEqual(['None: the configuration was not touched.']);
  expect(model.checks[0]).toMatchObject({ before: { fails: 15 }, during: null, after: null, state: 'not-measured' });
  expect(model.resolution).toEqual(['Nothing had to be undone.']);
  expect(model.spans).toMatchObject({ detectMs: null, revertMs: null, totalMs: 1_000 });
});

it('an abandoned revert leaves what is left to a person, with the hints of its problems', () => {
  const problems = [{ code: 'x', message: 'the server does not start', hint: 'Look at its log.' }];
  const model = reportOf(ended({ outcome: 'abandoned', reason: 'abandoned-by-operator', problems }));
  expect(model.headline).toBe("shop-db is in a person's hands: the revert was not complete");
  expect(model.followUps).toEqual(expect.arrayContaining(['Look at its log.']));
  expect(model.followUps.join(' ')).toContain('Finish the revert by hand');
});

it('a span with its ends in the wrong order is unknown, not negative', () => {
  const moments = { ...anOutage().result.moments, firstFailure: start };
  expect(reportOf(ended({ moments })).spans.detectMs).toBeNull();
});

describe('beside April 12', () => {
  it('is set when asked for: three hours and every moment of them', () => {
    const { comparison } = reportOf(anOutage({ compareWith: 'april-12' }));
    expect(comparison).toMatchObject({ thenMs: 10_800_000, nowMs: 6_400 });
    expect(comparison?.moments.map(({ thenClock, nowMs }) => [thenClock, nowMs])).toEqual([
      ['10:00', 0],
      ['10:15', 700],
      ['10:30', null],
      ['11:30', 1_740],
      ['12:00', 4_580],
      ['13:00', 6_400],
    ]);
  });

  it('claims no end that was not reached', () => {
    const { comparison } = reportOf({ ...ended(kept), compareWith: 'april-12' });
    expect(comparison?.nowMs).toBeNull();
  });
});

it('a check that is measured for a day keeps a picture of a bounded size, with every turn in it', () => {
  const long = Array.from({ length: 86_400 }, (_, second) => ({
    ...(samples[0] ?? aProgress().last!),
    check: checks[0]!.name,
    at: start + second * 1_000,
    mark: second === 50_000 ? ('fail' as const) : ('pass' as const),
  }));
  const [login] = reportOf(anOutage({ samples: long })).checks;
  expect(login?.measured).toBe(86_400);
  expect(login?.series.length).toBeLessThan(2_500);
  expect(login?.series.filter(({ mark }) => mark === 'fail')).toHaveLength(1);
  const flapping = long.map((sample, index) => ({
    ...sample,
    mark: index % 2 === 0 ? ('fail' as const) : ('pass' as const),
  }));
  expect(reportOf(anOutage({ samples: flapping })).checks[0]?.series.length).toBeLessThan(2_500);
});
