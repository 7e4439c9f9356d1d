/** Durations: what is one, and that writing and reading one changes nothing. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../domain/duration.ts';

const yearMs = 366 * 86_400_000;

describe('reads', () => {
  for (const [text, want] of [
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    [' 30s ', 30_000],
    ['0.001s', 1],
    ['366d', yearMs],
    ['367d', null],
    ['8785h', null],
    ['999999999d', null],
    ['', null],
    ['30', null],
    ['s', null],
    ['-1s', null],
    ['+1s', null],
    ['1 s', null],
    ['1S', null],
    ['1min', null],
    ['1m30s', null],
    ['.5s', null],
    ['1.s', null],
    ['1e3s', null],
    ['0x10s', null],
    ['1,5s', null],
    ['Infinitys', null],
    ['١s', null],
  ] as const)
    it(`"${text}" as ${want === null ? 'no duration' : `${want} ms`}`, () => expect(parseDuration(text)).toBe(want));
});

describe('writes', () => {
  for (const [durationMs, want] of [
    [0, '0s'],
    [1, '1ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [60_000, '1m'],
    [90_000, '90s'],
    [600_000, '10m'],
    [3_600_000, '1h'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
    [90_000_000, '25h'],
    [999_999_999, '999999999ms'],
    [1_000_000_001, '1000000.001s'],
  ] as const)
    it(`${durationMs} ms as ${want}`, () => expect(formatDuration(durationMs)).toBe(want));
});

it('reads back whatever it wrote', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: yearMs }), (durationMs) => {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
    }),
    { verbose: true, numRuns: 1_000 },
  );
});

it('reads any text without an error, as a whole number of ms up to a year, or as none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,10}(\.\d{0,4})?(ms|s|m|h|d)?$/)), (text) => {
      const durationMs = parseDuration(text);
      if (durationMs !== null)
        expect(Number.isInteger(durationMs) && durationMs >= 0 && durationMs <= yearMs).toBe(true);
    }),
    { verbose: true },
  );
});
