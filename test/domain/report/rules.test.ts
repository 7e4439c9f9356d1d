/** Where a rule decides what a report says: moments and spans, what is left to do, headlines, and how a series is thinned. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sample } from '../../../domain/check.ts';
import { comparisonOf } from '../../../domain/report/april-12.ts';
import type { CheckReport } from '../../../domain/report/checks.ts';
import type { ReportInput } from '../../../domain/report/input.ts';
import { momentsOf, spansOf } from '../../../domain/report/moments.ts';
import { reasonWords } from '../../../domain/report/reason-words.ts';
import { followUpsOf, resolutionOf } from '../../../domain/report/resolution.ts';
import { thin } from '../../../domain/report/series.ts';
import { causeOf, headlineOf, impactOf } from '../../../domain/report/words.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import type { RevertItem } from '../../../domain/plan.ts';
import { samplesFrom } from '../../probes/builders.ts';
import { anOutage, denial, samples, start } from '../../report/outage.ts';

const outage = anOutage();
type Moments = ChangeResult['moments'];

function ended(bent: Partial<ChangeResult>, input: Partial<ReportInput> = {}): ReportInput {
  return { ...outage, ...input, result: { ...outage.result, ...bent } };
}

const stretch = { measured: 4, passes: 4, fails: 0, unmeasurable: 0, forgiven: 0, medianMs: 3 };

function aCheck(bent: Partial<CheckReport> = {}): CheckReport {
  return {
    name: 'image-service/login',
    dependent: 'image-service',
    team: null,
    level: 'required',
    measures: '',
    before: stretch,
    during: stretch,
    after: null,
    firstFailure: null,
    state: 'unaffected',
    series: [],
    measured: 4,
    ...bent,
  };
}

const failure = samples.find(({ code }) => code === '28000') ?? null;
const failed = (bent: Partial<CheckReport> = {}): CheckReport =>
  aCheck({ during: { ...stretch, passes: 1, fails: 3 }, firstFailure: failure, state: 'recovered', ...bent });

describe('moments', () => {
  const none: Moments = {
    started: 5,
    armed: null,
    applied: null,
    firstFailure: null,
    decided: null,
    restored: null,
    recovered: null,
    closed: 9,
  };

  for (const [what, bent, names] of [
    ['are those that were reached', {}, ['started', 'closed']],
    ['stand in the order of time', { armed: 8, decided: 7 }, ['started', 'decided', 'armed', 'closed']],
    [
      'stand in the order of the flow at the same instant',
      { restored: 9, applied: 9, armed: 9 },
      ['started', 'armed', 'applied', 'restored', 'closed'],
    ],
    ['are reached at zero, too', { armed: 0 }, ['armed', 'started', 'closed']],
  ] as const)
    it(what, () => expect(momentsOf({ ...none, ...bent }).map(({ name }) => name)).toEqual(names));

  for (const [what, bent, want] of [
    ['detect counts from applied', { armed: 5, applied: 6, firstFailure: 8 }, { detectMs: 2 }],
    ['detect counts from armed when the change never ended', { armed: 5, firstFailure: 8 }, { detectMs: 3 }],
    ['a span without its end is unknown', { applied: 6, firstFailure: 7 }, { outageMs: null, decideMs: null }],
    ['a span against time is unknown', { decided: 8, restored: 7 }, { revertMs: null }],
    ['a span of nothing is zero', { decided: 8, restored: 8 }, { revertMs: 0 }],
    ['an outage is from the first failure to the last recovery', { firstFailure: 6, recovered: 9 }, { outageMs: 3 }],
  ] as const)
    it(what, () => expect(spansOf({ ...none, ...bent })).toMatchObject(want));

  it('no span is negative, whatever the clocks said', () => {
    const at = fc.option(fc.integer({ min: 0, max: 20 }));
    const all = fc.record({
      started: fc.nat(20),
      armed: at,
      applied: at,
      firstFailure: at,
      decided: at,
      restored: at,
      recovered: at,
      closed: fc.nat(20),
    });
    fc.assert(
      fc.property(all, (moments) => {
        for (const ms of Object.values(spansOf(moments))) expect(ms ?? 0).toBeGreaterThanOrEqual(0);
        for (const { nowMs } of comparisonOf(ended({ moments })).moments) expect(nowMs ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { verbose: true },
    );
  });
});

describe('beside April 12', () => {
  it('a change that was armed and never ended counts from there', () => {
    const moments = { ...outage.result.moments, applied: null };
    expect(comparisonOf(ended({ moments })).moments[0]).toMatchObject({ nowMs: 0, nowAt: moments.armed });
  });

  it('a failure from before the change is no moment of it', () => {
    const moments = { ...outage.result.moments, firstFailure: start };
    expect(comparisonOf(ended({ moments })).moments[1]).toMatchObject({ nowMs: null });
  });

  it('nothing was reached where nothing was touched', () => {
    const moments = { ...outage.result.moments, armed: null, applied: null };
    expect(comparisonOf(ended({ moments })).moments.map(({ nowMs }) => nowMs)).toEqual(Array(6).fill(null));
  });
});

const item = (key: string, decision: RevertItem['decision']): RevertItem => ({
  key,
  section: 'files',
  action: 'write',
  effect: 'reload',
  summary: '',
  decision,
});
const details = (reverted: readonly RevertItem[], proof: readonly string[] = []): Partial<ReportInput> => ({
  details: { ...outage.details, reverted, proof },
});

describe('the resolution', () => {
  for (const [what, result, input, want] of [
    [
      'counts what was put back, not what was right already',
      {},
      details([item('a', 'restore'), item('b', 'nothing'), item('c', 'not-revertible'), item('d', 'merge')]),
      '2 items put back 2.8 s after the decision.',
    ],
    ['says one item of one', {}, details([item('a', 'restore')]), '1 item put back 2.8 s after the decision.'],
    [
      'says that it was proven, when it was',
      {},
      details([item('a', 'restore')], ['seen']),
      '1 item put back 2.8 s after the decision, and it was proven, not assumed.',
    ],
    [
      'counts nothing where nothing was to be done',
      {},
      details([]),
      'The configuration is as it was before 2.8 s after the decision.',
    ],
    [
      'leaves out a time that is not known',
      { moments: { ...outage.result.moments, decided: null } },
      details([]),
      'The configuration is as it was before.',
    ],
    [
      'of a change kept names the new known-good',
      { outcome: 'kept' },
      {},
      'The change stays in force; the lease is released and the configuration is the new known-good.',
    ],
    [
      'of a change kept without a snapshot names none',
      { outcome: 'kept', snapshots: { before: 'a', change: 'b', after: null } },
      {},
      'The change stays in force; the lease is released.',
    ],
    ['of a change aborted is that there was nothing', { outcome: 'aborted' }, {}, 'Nothing had to be undone.'],
    [
      'of a change abandoned is a person',
      { outcome: 'abandoned' },
      {},
      'A person stopped the revert before it was complete; what was left then is listed below.',
    ],
  ] as readonly (readonly [string, Partial<ChangeResult>, Partial<ReportInput>, string])[])
    it(what, () => expect(resolutionOf(ended(result, input))).toEqual([want]));
});

describe('what is left to do', () => {
  const kinds = {
    mend: 'Mend your source',
    other: 'Whatever else the command did',
    still: 'Still failing, and not because',
    hand: 'Finish the revert by hand',
    somebody: 'Somebody else changed',
    lasting: 'Not revertible',
    again: 'A new try is',
    declare: 'Declare dependents',
    end: 'not seen to pass again',
    red: 'allowRedBaseline',
  };
  const named = (input: ReportInput, checks: readonly CheckReport[] = [aCheck()]): readonly string[] => {
    const all = followUpsOf(input, checks);
    return Object.entries(kinds).flatMap(([kind, words]) => (all.some((text) => text.includes(words)) ? [kind] : []));
  };
  const policy = { ...outage.change.policy, allowRedBaseline: true };
  const still = aCheck({ state: 'still-failing' });

  for (const [what, result, input, checks, want] of [
    ['after a reverted command', {}, {}, [aCheck()], ['mend', 'other', 'again']],
    [
      'after a reverted declared change',
      {},
      { change: { ...outage.change, changeKind: 'config' } },
      [aCheck()],
      ['mend', 'again'],
    ],
    ['after an abandoned one', { outcome: 'abandoned' }, {}, [aCheck()], ['other', 'hand', 'again']],
    ['after one that was kept', { outcome: 'kept' }, {}, [aCheck()], []],
    ['after one that was rejected', { outcome: 'rejected' }, {}, [aCheck()], []],
    ['after one that was kept unseen', { outcome: 'kept' }, {}, [], ['declare']],
    ['when a dependent still fails', {}, {}, [still], ['mend', 'other', 'still', 'again']],
    [
      'when a dependent fails under a kept change, the configuration is not absolved',
      { outcome: 'kept' },
      {},
      [still],
      ['end'],
    ],
    [
      'when a dependent failed to the end of a kept change',
      { outcome: 'kept' },
      {},
      [failed({ state: 'failed' })],
      ['end'],
    ],
    ['when somebody else was at it', { conflicts: ['x'] }, {}, [aCheck()], ['mend', 'other', 'somebody', 'again']],
    [
      'when something cannot be reverted',
      {},
      details([item('setting:port', 'not-revertible')]),
      [aCheck()],
      ['mend', 'other', 'lasting', 'again'],
    ],
    [
      'when red checks could not speak',
      { outcome: 'kept' },
      { change: { ...outage.change, policy } },
      [aCheck()],
      ['red'],
    ],
  ] as readonly (readonly [
    string,
    Partial<ChangeResult>,
    Partial<ReportInput>,
    readonly CheckReport[],
    readonly string[],
  ])[])
    it(what, () => expect(named(ended(result, input), checks)).toEqual(want));

  it('repeats a hint once, after the plan’s own warnings', () => {
    const problems = [1, 2].map((n) => ({ code: 'x', message: `${n}`, hint: 'Look at the log.' }));
    const plan = { ...outage.plan!, warnings: ['the server will listen elsewhere'] };
    expect(followUpsOf(ended({ outcome: 'rejected', problems }, { plan }), [])).toEqual([
      'the server will listen elsewhere',
      'Look at the log.',
    ]);
  });
});

describe('the headline', () => {
  const two = [
    failed(),
    failed({ name: 'shop/pages', dependent: 'shop' }),
    failed({ name: 'shop/api', dependent: 'shop' }),
  ];
  for (const [what, result, checks, want] of [
    ['names each who suffered once', {}, two, 'image-service and shop suffered; shop-db is back to known-good'],
    [
      'gives the reason where nobody suffered',
      { reason: 'not-confirmed' },
      [aCheck()],
      'shop-db is back to known-good: nobody confirmed it in time',
    ],
    [
      'of a change kept by the checks',
      { outcome: 'kept', reason: 'soak-healthy' },
      [aCheck()],
      'shop-db keeps the change; its dependents stayed healthy',
    ],
    [
      'of a change kept by a person does not speak of health',
      { outcome: 'kept', reason: 'confirmed-by-operator' },
      [aCheck()],
      'shop-db keeps the change: an operator confirmed it',
    ],
    [
      'of a change aborted',
      { outcome: 'aborted', reason: 'cancelled' },
      [],
      'Nothing was touched on shop-db: its workflow was cancelled',
    ],
  ] as readonly (readonly [string, Partial<ChangeResult>, readonly CheckReport[], string])[])
    it(what, () => expect(headlineOf(ended(result), checks)).toBe(want));
});

describe('the impact', () => {
  it('of nothing measured is unknown, not none', () => {
    expect(
      impactOf(ended({ outcome: 'kept', moments: { ...outage.result.moments, firstFailure: null } }), [
        aCheck({ during: null }),
      ]),
    ).toEqual(['Unknown: nothing was measured while the change was in force.']);
  });

  it('names team, level, count, and what was said first', () => {
    expect(impactOf(outage, [failed({ team: 'web', level: 'advisory' })])[0]).toBe(
      `image-service/login (team web), advisory, failed 3 of 4 measurements while the change was in force, first at 10:00:09 UTC: ${denial} (28000).`,
    );
  });

  it('of a failure that only counters know has no time', () => {
    expect(impactOf(outage, [failed({ firstFailure: null })])[0]).toBe(
      'image-service/login failed 3 of 4 measurements while the change was in force.',
    );
  });
});

describe('the cause', () => {
  it('is what failed first, not what is named first', () => {
    const later = failed({ name: 'a', firstFailure: { ...failure!, at: failure!.at + 1, code: '42501' } });
    expect(causeOf(outage, [later, failed()])[1]).toMatch(/^image-service\/login passed before.*\(28000\)/);
  });

  it('does not claim a pass before that was not seen, nor a place to look for any code', () => {
    const unseen = failed({ before: null, firstFailure: { ...failure!, code: '503' } });
    expect(causeOf(ended({ dependents: 'still-failing' }), [unseen])[1]).toBe(
      'image-service/login failed under the change.',
    );
  });

  it('of a change kept is its reason alone', () => {
    expect(causeOf(ended({ outcome: 'kept', reason: 'soak-healthy' }, { plan: null }), [failed()])).toEqual([
      'It was kept because every required check stayed healthy through the soak.',
    ]);
  });
});

it('every reason is the second half of a sentence', () => {
  for (const words of Object.values(reasonWords)) expect(words).toMatch(/^[A-Za-z][^.]+[^.\s]$/);
});

describe('a long series', () => {
  const marks = (letters: string): readonly Sample[] => samplesFrom(letters);
  const shown = (letters: string, most: number): string =>
    thin(marks(letters), most)
      .map(({ mark }) => (mark === 'pass' ? '.' : mark === 'fail' ? 'x' : 'e'))
      .join('');

  for (const [what, letters, most, want] of [
    ['that is none stays as it is', '....x', 5, '....x'],
    ['of passes is every n-th of them, and the last', '..........', 4, '....'],
    ['keeps a failure with a pass on each side', '.....x....', 3, '..x...'],
    ['keeps what the probe could not tell', '.....e....', 3, '..e...'],
  ] as const)
    it(what, () => expect(shown(letters, most)).toBe(want));

  it('is bounded, in order, with its first and last; and whole in its failures while they fit', () => {
    const letters = fc.string({ unit: fc.constantFrom('.', '.', '.', 'x', 'e'), minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(letters, fc.integer({ min: 5, max: 60 }), (all, most) => {
        const given = marks(all);
        const kept = thin(given, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(2 * most, most + 1));
        expect([kept[0], kept.at(-1)]).toEqual([given[0], given.at(-1)]);
        expect([...kept].sort((a, b) => a.at - b.at)).toEqual(kept);
        const red = given.filter(({ mark }) => mark !== 'pass');
        if (4 * red.length + 2 <= most) expect(kept.filter(({ mark }) => mark !== 'pass')).toEqual(red);
      }),
      { verbose: true },
    );
  });
});
