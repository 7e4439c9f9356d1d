/** Times and durations as people read them. */
import { describe, expect, it } from '@jest/globals';
import {
  countText,
  dateTimeText,
  durationText,
  listText,
  preciseTimeText,
  sentence,
  timeText,
} from '../../domain/format.ts';

describe('a duration', () => {
  for (const [ms, text] of [
    [0, '0 ms'],
    [0.4, '0 ms'],
    [999.9, '999 ms'],
    [1_000, '1 s'],
    [4_260, '4.2 s'],
    [9_999, '9.9 s'],
    [10_000, '10 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [3_600_000, '1 h'],
    [11_100_000, '3 h 5 min'],
    [86_400_000, '1 d'],
    [187_200_000, '2 d 4 h'],
    [-1_500, '-1.5 s'],
    [Number.NaN, 'an unknown time'],
    [Number.POSITIVE_INFINITY, 'an unknown time'],
  ] as const) {
    it(`of ${ms} ms reads ${text}`, () => expect(durationText(ms)).toBe(text));
  }
});

describe('a time', () => {
  const at = Date.UTC(2024, 3, 12, 10, 15, 3, 7);

  it('is in UTC, and says so', () => {
    expect(timeText(at)).toBe('10:15:03 UTC');
    expect(dateTimeText(at)).toBe('2024-04-12 10:15:03 UTC');
    expect(preciseTimeText(at)).toBe('10:15:03.007');
  });

  it('never throws, whatever number comes', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 9e15, -9e15]) {
      expect(timeText(wrong)).toBe('an unknown time');
      expect(dateTimeText(wrong)).toBe('an unknown time');
      expect(preciseTimeText(wrong)).toBe('unknown');
    }
    expect(dateTimeText(8.64e15)).toBe('+275760-09-13 00:00:00 UTC');
  });
});

it('counts and lists in words', () => {
  expect([countText(0, 'check'), countText(1, 'check'), countText(2, 'check')]).toEqual([
    'no checks',
    '1 check',
    '2 checks',
  ]);
  expect([listText([]), listText(['a']), listText(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
});

it('makes a sentence of a primary line', () => {
  expect(sentence('no way to the target')).toBe('No way to the target.');
  expect(sentence('Is it down?')).toBe('Is it down?');
});
