/** How often a watch tells how the checks stand: at once what changed, seldom what did not, and never without bound. */
import { describe, expect, it } from '@jest/globals';
import { parseSeen, shownOf, toTell, type Told } from '../../../domain/checks/live.ts';
import { fold, noProgress } from '../../../domain/checks/progress.ts';
import type { CheckProgress, Sample } from '../../../domain/check.ts';

const sample = (check: string, mark: Sample['mark'], kind: Sample['class']): Sample => ({
  check,
  at: 0,
  latencyMs: 1,
  mark,
  class: mark === 'pass' ? null : kind,
  code: null,
  message: mark === 'pass' ? null : 'no entry',
});
const after = (check: string, ...marks: readonly Sample['mark'][]): CheckProgress =>
  marks.reduce((progress, mark) => fold(progress, sample(check, mark, 'http')), noProgress(check));
const denied = (check: string, times: number): CheckProgress =>
  Array.from({ length: times }, () => sample(check, 'fail', 'access')).reduce(fold, after(check, 'pass'));

const passing = [after('a', 'pass'), after('b', 'pass')];
const told: Told = { at: 10_000, changes: 0, states: { a: 'passing', b: 'passing' } };

const crossed = { ...after('a', 'fail'), crossed: { at: 1, why: 'a failed' } };
const tellsOf = (a: 'failing' | 'crossed'): Told => ({ at: 10_000, changes: 0, states: { a } });

describe('a watch tells', () => {
  for (const [name, before, progress, now, want] of [
    ['nothing before every check was measured', null, [after('a', 'pass'), noProgress('b')], 1, false],
    ['the first picture', null, passing, 1, true],
    ['a failure at once, whatever is not measured yet', null, [after('a', 'fail'), noProgress('b')], 1, true],
    ['nothing new', told, passing, 12_000, false],
    ['that a check fails now', told, [after('a', 'pass', 'fail'), after('b', 'pass')], 12_000, true],
    ['no first denial, which the next measurement decides', told, [denied('a', 1), after('b', 'pass')], 12_000, false],
    ['a denial that decides nothing', told, [denied('a', 2), after('b', 'pass')], 12_000, true],
    ['that one cannot be measured now', told, [after('a', 'pass', 'error'), after('b', 'pass')], 12_000, true],
    ['no two changes within a second', told, [after('a', 'fail'), after('b', 'pass')], 10_500, false],
    ['the counters now and then', told, passing, 910_000, true],
    ['the counters ever more seldom', { ...told, at: 1_800_000 }, passing, 3_599_000, false],
    ['that one that only tells has crossed its thresholds', tellsOf('failing'), [crossed], 12_000, true],
    ['that once', tellsOf('crossed'), [crossed], 12_000, false],
  ] as const) {
    it(name, () => expect(toTell(before, progress, { since: 0, now }) !== null).toBe(want));
  }

  it('once in ten minutes, and half a dozen times in a day, while all is well', () => {
    const times = (until: number): number => {
      let [last, count]: [Told | null, number] = [null, 0];
      for (let now = 0; now < until; now += 1_000) {
        const next = toTell(last, passing, { since: 0, now });
        if (next !== null) count += 1;
        last = next ?? last;
      }
      return count;
    };
    expect([times(600_000), times(86_400_000) <= 8]).toEqual([1, true]);
  });

  it('a few dozen times in a day, however much the checks flap', () => {
    let last: Told | null = null;
    let count = 0;
    for (let now = 0; now < 86_400_000; now += 1_000) {
      const next = toTell(last, [after('a', now % 2_000 === 0 ? 'pass' : 'fail')], { since: 0, now });
      if (next !== null) count += 1;
      last = next ?? last;
    }
    expect(count).toBeGreaterThan(50);
    expect(count).toBeLessThan(70);
  });
});

it('shows what fails first when there are too many', () => {
  const many = Array.from({ length: 200 }, (_, index) => after(`c${index}`, index === 199 ? 'fail' : 'pass'));
  expect(shownOf(many)).toHaveLength(60);
  expect(shownOf(many)[0]?.check).toBe('c199');
});

it('takes from a Signal only what it can show', () => {
  const good = after('a', 'fail');
  for (const bad of [
    null,
    1,
    'x',
    {},
    { ...good, check: 'stranger' },
    { ...good, passes: '1' },
    { ...good, last: { ...good.last, mark: { toString: null } } },
    { ...good, last: 1 },
  ])
    expect(parseSeen([bad, good], ['a'])).toEqual([good]);
  expect(parseSeen({ ...good, last: { mark: 'evil' } }, ['a'])).toEqual([]);
  expect(parseSeen(undefined, ['a'])).toEqual([]);
});
