/** Headline, impact and cause: what is claimed of which measurements. */
import { describe, expect, it } from '@jest/globals';
import type { CheckReport } from '../../../domain/report/checks.ts';
import { reasonWords } from '../../../domain/report/reason-words.ts';
import { causeOf, headlineOf, impactOf } from '../../../domain/report/words.ts';
import type { ChangeResult } from '../../../domain/result.ts';
import { denial } from '../../report/outage.ts';
import { aCheck, ended, failed, failure, outage } from './builders.ts';

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

describe('what got slower', () => {
  const worse = { at: failure!.at, why: 'got slower: p50 41 ms before, 390 ms now, 30 samples each, p < 0.000001' };

  it('has suffered, and is told in its own words', () => {
    const checks = [aCheck({ worse, state: 'recovered' })];
    expect(headlineOf(ended({}), checks)).toBe('image-service suffered; shop-db is back to known-good');
    expect(impactOf(outage, checks)[0]).toBe(
      'image-service/login got slower: p50 41 ms before, 390 ms now, 30 samples each, p < 0.000001; seen at 10:00:09 UTC.',
    );
  });
});

describe('a shadow check', () => {
  const crossed = { at: failure!.at, why: 'image-service/login failed 3 times in a row' };
  const shadow = failed({ level: 'advisory', shadow: true, crossed });

  it('has its line, and is no part of headline, impact and cause', () => {
    expect(headlineOf(ended({ outcome: 'kept', reason: 'soak-healthy' }), [shadow, aCheck()])).toBe(
      'shop-db keeps the change; its dependents stayed healthy',
    );
    expect(impactOf(ended({ outcome: 'kept' }), [shadow, aCheck()])).toEqual([
      'No check failed while the change was in force (4 measurements of 1 check).',
      'Shadow check: it would have reverted the change at 10:00:09 UTC: image-service/login failed 3 times in a row.',
      expect.any(String),
    ]);
    expect(causeOf(outage, [shadow]).join(' ')).not.toContain('image-service/login');
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
