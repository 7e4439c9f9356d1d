/** What a failing check brings, in words. */
import { expect, it } from '@jest/globals';
import { levelText, wouldHave } from '../../../domain/checks/consequence.ts';

it('is said beside the level, and of a shadow instead of it', () => {
  expect(levelText({ level: 'required' })).toBe('required');
  expect(levelText({ level: 'required', onFail: 'hold' })).toBe('required, hold');
  expect(levelText({ level: 'advisory', onFail: 'notify' })).toBe('advisory, notify');
  expect(levelText({ level: 'advisory', onFail: 'hold', shadow: true })).toBe('shadow');
});

it('of a shadow is what would have been', () => {
  const shadow = { level: 'advisory', shadow: true } as const;
  expect(wouldHave(shadow)).toBe('would have reverted the change');
  expect(wouldHave({ ...shadow, onFail: 'hold' })).toBe('would have held the change');
  expect(wouldHave({ ...shadow, onFail: 'notify' })).toBe('would have told its team');
});
