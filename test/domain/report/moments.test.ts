/** When what happened: moments in order, spans that are never negative, and the same beside April 12. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { comparisonOf } from '../../../domain/report/april-12.ts';
import { momentsOf, spansOf, timesOf } from '../../../domain/report/moments.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import { start } from '../../report/outage.ts';
import { ended, outage } from './builders.ts';

type Moments = ChangeResult['moments'];

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

  for (const [what, timeline, want] of [
    ['the revert began when its phase did', [['revert', 7]], { reverting: 7 }],
    ['a revert that took no time began, too', [['revert', 8]], { reverting: 8 }],
    ['of an agent that reverts alone nobody knows when it began', [['revert', 9]], { reverting: null }],
    [
      'the dependents are verified when their phase ends',
      [
        ['verify', 8],
        ['report', 9],
      ],
      { verified: 9 },
    ],
    ['a report without verifying verifies nothing', [['report', 9]], { verified: null }],
  ] as const)
    it(what, () => {
      const entries = timeline.map(([phase, at]) => ({ phase, at, text: '' }));
      expect(timesOf({ moments: { ...none, restored: 8 }, timeline: entries })).toMatchObject(want);
    });

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

  it('a revert that nobody could prove began all the same', () =>
    expect(
      timesOf({ moments: { ...none, restored: null }, timeline: [{ at: 7, phase: 'revert', text: '' }] }).reverting,
    ).toBe(7));
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
