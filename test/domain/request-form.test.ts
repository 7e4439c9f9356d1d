/** What the workflow itself makes of a request and of a pipeline's word, before anybody has judged them. */
import { describe, expect, it } from '@jest/globals';
import { parsePipelineWord } from '../../domain/operator-input.ts';
import { fitForHistory, inWords } from '../../domain/problem.ts';
import { claimsOf, formProblem } from '../../domain/request-form.ts';

describe('a request', () => {
  for (const [what, input, said] of [
    ['is an object', 'shop-db', 'the request must be an object with target and changeId'],
    ['is no list', [], 'the request must be an object with target and changeId'],
    ['has a target', { changeId: 'c' }, '"target" is missing'],
    ['has a target that is a name', { target: 'Shop', changeId: 'c' }, 'target: is not a valid name'],
    ['has a change id that fits a search attribute', { target: 't', changeId: 'c'.repeat(64) }, 'changeId: is not'],
  ] as const)
    it(what, () => expect(formProblem(input)?.message).toContain(said));

  it('with two names is left to the first activity', () => {
    expect(formProblem({ target: 'shop-db', changeId: 'c-1', change: null })).toBeNull();
  });

  it('is shown by its own words only where they are words', () => {
    expect(claimsOf({ change: { kind: 'external' }, requestedBy: 'kim', reason: 'r' })).toEqual({
      changeKind: 'external',
      requestedBy: 'kim',
      reason: 'r',
    });
    const nothing = { changeKind: null, requestedBy: '', reason: '' };
    for (const change of [null, undefined, [], 'config', { kind: {} }, { kind: 'other' }])
      expect(claimsOf({ change, requestedBy: 5, reason: { a: 1 } })).toEqual(nothing);
  });
});

describe("a pipeline's word", () => {
  it('may be nothing, an exit code, a message', () => {
    for (const input of [undefined, null, {}])
      expect(parsePipelineWord(input)).toEqual({ exitCode: null, message: '' });
    expect(parsePipelineWord({ exitCode: 3, message: 'm' })).toEqual({ exitCode: 3, message: 'm' });
  });

  it('is cut where it is long, for it counts', () => {
    expect(parsePipelineWord({ message: 'm'.repeat(9_000) })).toMatchObject({ message: 'm'.repeat(500) });
  });

  it('is refused when it is anything else', () => {
    for (const input of [5, 'x', [], Symbol('x'), { exitCode: '0' }, { exitCode: 0.5 }, { message: 5 }, { exit: 0 }])
      expect(parsePipelineWord(input)).toMatchObject({ code: 'argument-not-understood' });
  });
});

describe('problems', () => {
  it('are made small enough for a history, and the rest is counted', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => ({ code: 'c', message: `${i} ${'x'.repeat(9_000)}` }));
    const fit = fitForHistory(many);
    expect(JSON.stringify(fit).length).toBeLessThan(20_000);
    expect(fit.at(-1)?.message).toBe('and 970 more problems');
  });

  it('read as one line', () => {
    expect(inWords({ code: 'c', message: 'm', detail: 'D.', hint: 'H.' })).toBe('m. D. H.');
    expect(inWords({ code: 'c', message: 'm' })).toBe('m');
  });
});
