import { describe, expect, it } from '@jest/globals';
import { type WayBack, canGoBack, waysInWords } from '../../domain/ways-back.ts';

function ways(files: boolean, lifeline: boolean, signal: boolean): readonly WayBack[] {
  return [
    { way: 'files', open: files, detail: 'a' },
    { way: 'lifeline', open: lifeline, detail: 'b' },
    { way: 'signal', open: signal, detail: 'c' },
  ];
}

describe('canGoBack', () => {
  it.each([
    [true, true, true, true],
    [true, true, false, true],
    [true, false, true, true],
    [true, false, false, false],
    [false, true, true, false],
  ])('files %s, lifeline %s, signal %s: %s', (files, lifeline, signal, can) => {
    expect(canGoBack(ways(files, lifeline, signal))).toBe(can);
  });
});

it('waysInWords tells what each goes through, or why not', () => {
  expect(waysInWords(ways(true, false, true))).toBe('files (a), lifeline (no: b), signal (c)');
});
