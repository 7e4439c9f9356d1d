/** The counters of a check, as case tables and laws. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CheckProgress } from '../../../domain/check.ts';
import { anew, fold, noProgress } from '../../../domain/checks/progress.ts';
import { aSample, markLetters, noon, progressFrom, samplesFrom } from '../../probes/builders.ts';

type Counters = Partial<CheckProgress>;

describe('the rows', () => {
  for (const [name, letters, want] of [
    ['begin with nothing', '', { passesInARow: 0, failsInARow: 0, errorsInARow: 0, last: null, firstAt: null }],
    ['grow by passes', '...', { passes: 3, passesInARow: 3, failsInARow: 0 }],
    ['grow by failures of any kind', 'xap', { fails: 3, failsInARow: 3, passesInARow: 0 }],
    ['end with a pass', 'xx.', { fails: 2, failsInARow: 0, passesInARow: 1, failingSince: null }],
    ['of denials count both kinds', '.ap', { accessDenialsInARow: 2 }],
    ['of denials end with another failure', 'axa', { accessDenialsInARow: 1, failsInARow: 3 }],
    ['of denials outlast a probe that saw nothing', 'aena', { accessDenialsInARow: 2, failsInARow: 2 }],
    ['of failures are neither lengthened nor ended by errors', 'xex', { failsInARow: 2, errors: 1, errorsInARow: 0 }],
    ['of errors take no-data in', '.enn', { errors: 1, noData: 2, errorsInARow: 3, passesInARow: 0 }],
    ['of errors end with a measurement', 'eex', { errorsInARow: 0 }],
    ['of passes end with a forgiven failure', '..f', { passes: 2, passesInARow: 0, forgiven: 1, fails: 0 }],
    ['of failures do not hear of a forgiven one', 'xf', { failsInARow: 1, forgiven: 1 }],
    ['of errors end with a forgiven failure: something was seen', 'eef', { errorsInARow: 0 }],
  ] satisfies [string, string, Counters][])
    it(`${name}: "${letters}"`, () => expect(progressFrom(letters)).toMatchObject(want));
});

it('remembers when the suffering began', () => {
  expect(progressFrom('..xex').failingSince).toBe(noon + 2_000);
  expect(progressFrom('.x.xx').failingSince).toBe(noon + 3_000);
  expect(progressFrom('.fx').failingSince).toBe(noon + 2_000);
});

it('measures silence from the end of one measurement to the beginning of the next', () => {
  const long = aSample({ at: noon, latencyMs: 5_000 });
  const after = aSample({ at: noon + 5_200 });
  expect([long, after].reduce(fold, noProgress('c')).longestGapMs).toBe(200);
  expect(progressFrom('.    .').longestGapMs).toBe(4_997);
});

it('takes a clock that is set back for no gap', () => {
  const back = [aSample({ at: noon }), aSample({ at: noon - 60_000 })];
  expect(back.reduce(fold, noProgress('c')).longestGapMs).toBe(0);
});

const letters = fc.string({ unit: fc.constantFrom(...markLetters), maxLength: 40 });

it('folds the same in whatever pieces, with the counters through JSON in between', () => {
  fc.assert(
    fc.property(letters, fc.nat(40), (marks, cut) => {
      const samples = samplesFrom(marks);
      const whole = samples.reduce(fold, noProgress('c'));
      const first = samples.slice(0, cut).reduce(fold, noProgress('c'));
      const resumed = JSON.parse(JSON.stringify(first)) as CheckProgress;
      expect(samples.slice(cut).reduce(fold, resumed)).toEqual(JSON.parse(JSON.stringify(whole)));
    }),
  );
});

it('counts each sample once', () => {
  fc.assert(
    fc.property(letters, (marks) => {
      const { passes, fails, errors, noData, forgiven } = progressFrom(marks);
      expect(passes + fails + errors + noData + forgiven).toBe(marks.length);
    }),
  );
});

it('never has a row of passes and one of failures or errors at once', () => {
  fc.assert(
    fc.property(letters, (marks) => {
      const own = progressFrom(marks);
      if (own.passesInARow > 0) expect([own.failsInARow, own.errorsInARow, own.accessDenialsInARow]).toEqual([0, 0, 0]);
      expect(own.accessDenialsInARow).toBeLessThanOrEqual(own.failsInARow);
      expect(own.failingSince === null).toBe(own.failsInARow === 0);
    }),
  );
});

describe('a new stretch', () => {
  it('goes on with a row of failures, and begins with no health and no samples', () => {
    const failing = anew(progressFrom('..xx'));
    expect(failing).toMatchObject({ failsInARow: 2, passes: 0, fails: 0, firstAt: null, longestGapMs: 0 });
    expect(failing.failingSince).not.toBeNull();
    expect(anew(progressFrom('...'))).toMatchObject({ passesInARow: 0, failsInARow: 0, failingSince: null });
  });
});
