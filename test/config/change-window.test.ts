/** When a change may begin, by the clock of the people who keep watch. */
import { describe, expect, it } from '@jest/globals';
import { isInsideWindow, windowText } from '../../config/change-window.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { admit } from '../../config/admit.ts';

const night = { days: [1, 2, 3, 4], from: 22 * 60, to: 5 * 60, timeZone: 'Europe/Berlin' };

describe('a window over midnight', () => {
  it.each([
    // In Berlin, in winter, an hour more.
    ['Monday 21:59', '2026-11-23T20:59:00Z', false],
    ['Monday 22:00', '2026-11-23T21:00:00Z', true],
    ['Tuesday 04:59', '2026-11-24T03:59:00Z', true],
    ['Tuesday 05:00', '2026-11-24T04:00:00Z', false],
    ['Thursday 23:00', '2026-11-26T22:00:00Z', true],
    ['Friday 03:00, of Thursday', '2026-11-27T02:00:00Z', true],
    ['Friday 23:00', '2026-11-27T22:00:00Z', false],
    ['Monday 03:00, of Sunday', '2026-11-23T02:00:00Z', false],
    // In summer two hours more.
    ['Monday 22:00 in summer', '2026-07-06T20:00:00Z', true],
  ])('%s: %s', (_, at, inside) => expect(isInsideWindow([night], new Date(at))).toBe(inside));
});

it('several windows are one or the other, none is always', () => {
  const noon = { days: [], from: 12 * 60, to: 13 * 60, timeZone: 'UTC' };
  expect(isInsideWindow([night, noon], new Date('2026-11-29T12:30:00Z'))).toBe(true);
  expect(isInsideWindow([night, noon], new Date('2026-11-29T13:00:00Z'))).toBe(false);
  expect(isInsideWindow([], new Date())).toBe(true);
});

it('is told in words', () => expect(windowText(night)).toBe('Mon Tue Wed Thu 22:00–05:00 Europe/Berlin'));

describe('in knowngood.yaml', () => {
  const yaml = (windows: string): string => `
targets: { shop-db: { connection: postgresql://a@127.0.0.1/b, windows: ${windows} } }
`;

  it('is a concern of a change that comes at another time', () => {
    const parsed = parseKnowngoodConfig(yaml("[{ days: [mon], from: '22:00', to: '23:00' }]"), 'knowngood.yaml');
    if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.problems));
    const request = { target: 'shop-db', changeId: 'c', change: { kind: 'external' } };
    const concerns = (at: string): unknown => {
      const admitted = admit(parsed.value, request, null, new Date(at));
      return admitted.kind === 'admitted' ? admitted.change.concerns : admitted.problems;
    };
    expect(concerns('2026-11-23T22:30:00Z')).toEqual([]);
    expect(concerns('2026-11-23T23:30:00Z')).toEqual([
      { rule: 'outsideWindow', text: 'it is outside of the change window (Mon 22:00–23:00 UTC)' },
    ]);
  });

  it.each([
    ["[{ from: '25:00', to: '05:00' }]", /expected a time such as/],
    ["[{ from: '22:00', to: '05:00', timeZone: Middle/Earth }]", /is not a time zone/],
    ["[{ days: [someday], from: '22:00', to: '05:00' }]", /mon/],
  ])('%s is a mistake', (windows, said) => {
    const parsed = parseKnowngoodConfig(yaml(windows), 'knowngood.yaml');
    expect(JSON.stringify(parsed)).toMatch(said);
    expect(parsed.kind).toBe('invalid');
  });
});
