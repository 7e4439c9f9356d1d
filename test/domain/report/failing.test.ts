/** Failing measurements as evidence: the first of them, and what was answered how often. */
import { expect, it } from '@jest/globals';
import { codeText, failingOf, failingText } from '../../../domain/report/failing.ts';
import { samples } from '../../report/outage.ts';

const one = samples.find(({ mark }) => mark === 'fail');
if (one === undefined) throw new Error('the outage has a failure');
const many = (count: number, code: string | null) =>
  Array.from({ length: count }, (_, index) => ({ ...one, code, at: one.at + index }));

it('are the first ones, and how many more there are', () => {
  const { first, more } = failingOf([...many(15, 'a')].reverse());
  expect(first.map(({ at }) => at - one.at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(more).toBe(3);
  expect(failingOf(many(12, 'a')).more).toBe(0);
});

it('are counted by what was answered, the most frequent first', () => {
  const failing = failingOf([...many(2, 'a'), ...many(13, null), ...many(3, 'b')]);
  expect(failing.codes.map(({ code, count }) => [code, count])).toEqual([
    [null, 13],
    ['b', 3],
    ['a', 2],
  ]);
  expect(failingText(failing)).toBe('18 failing measurements: 13 × access, 3 × b (access) and 2 × a (access).');
});

it('of the same instant stand by the name of their check', () => {
  const two = [
    { ...one, check: 'b' },
    { ...one, check: 'a' },
    { ...one, check: 'c' },
  ];
  expect(failingOf(two).first.map(({ check }) => check)).toEqual(['a', 'b', 'c']);
});

it('are neither passes nor what settling forgave', () =>
  expect(failingOf(samples).first.every(({ mark, forgiven }) => mark === 'fail' && forgiven !== true)).toBe(true));

it('say no more than fits', () => {
  const [long] = failingOf([{ ...one, message: 'x'.repeat(1_000) }]).first;
  expect(long?.message).toHaveLength(300);
});

for (const [code, kind, want] of [
  ['28000', 'access', '28000 (access)'],
  ['28000', null, '28000'],
  [null, 'timeout', 'timeout'],
  [null, null, 'a failure'],
] as const)
  it(`is called "${want}"`, () => expect(codeText(code, kind)).toBe(want));
