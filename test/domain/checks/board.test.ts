/** Counters of checks, and when one that never ends a watch would have. */
import { describe, expect, it } from '@jest/globals';
import type { CheckSpec } from '../../../domain/check.ts';
import { openBoard } from '../../../domain/checks/board.ts';
import { carriedOver } from '../../../domain/checks/progress.ts';
import { aHttpCheck, aSqlCheck, noon, samplesFrom } from '../../probes/builders.ts';

const crossedIn = (letters: string, check: CheckSpec) => {
  const board = openBoard([check], []);
  for (const sample of samplesFrom(letters, check.name)) board.add(sample, true);
  return board.of(check).crossed;
};

describe('when it would have ended the watch', () => {
  const shadow = aSqlCheck({ level: 'advisory', shadow: true });

  it('is remembered of a shadow and of one that notifies, first time and words', () => {
    const crossed = { at: noon + 3_000, why: 'image-service/login failed 3 times in a row: 500' };
    expect(crossedIn('.xxx..xxx', shadow)).toEqual(crossed);
    expect(crossedIn('.xxx..xxx', aSqlCheck({ level: 'advisory', onFail: 'notify' }))).toEqual(crossed);
    expect(crossedIn('.aa', shadow)?.why).toContain('denied access 2 times in a row');
  });
  it('is not below its thresholds, nor of any other check', () => {
    expect(crossedIn('.xx.xx.eeeeee', shadow)).toBeUndefined();
    for (const check of [aSqlCheck(), aSqlCheck({ onFail: 'hold' }), aSqlCheck({ level: 'advisory' })])
      expect(crossedIn('.xxx', check)).toBeUndefined();
  });
});

it('the next watch goes on with the numbers, and with nothing else', () => {
  const rule = { worse: 'higher', factor: 2, plus: 0, samples: 16 } as const;
  const [compared, other] = [aHttpCheck({ latency: rule }), aSqlCheck()];
  const board = openBoard([compared, other], [], [{ check: compared.name, values: Array(16).fill(1) }]);
  for (const check of [compared, other])
    for (const sample of samplesFrom('................x', check.name)) board.add(sample, true);
  const carried = carriedOver(board.all());
  expect(carried.map(({ check }) => check)).toEqual([compared.name]);
  expect(carried[0]).toMatchObject({ passes: 0, failsInARow: 0, last: null, worse: { at: noon + 15_000 } });
  expect(carried[0]?.values).toHaveLength(16);
});
