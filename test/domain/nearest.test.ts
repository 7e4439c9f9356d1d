/** The word that was probably meant, and silence where none was. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nearest, suggestion } from '../../domain/nearest.ts';

describe('the nearest word', () => {
  for (const [what, word, known, want] of [
    ['is the one with a slip', 'wrok_mem', ['work_mem', 'shared_buffers'], 'work_mem'],
    ['is the same one in another case', 'WORK_MEM', ['work_mem'], 'work_mem'],
    ['is the nearer of two', 'max_connection', ['max_connections', 'reserved_connections'], 'max_connections'],
    ['is the earlier of two equally near', 'soap', ['soak', 'soup'], 'soak'],
    ['may be two letters off', 'laese', ['lease'], 'lease'],
    ['may be a third of its letters off', 'log_connections', ['log_disconnections'], 'log_disconnections'],
    ['is none when all are too far', 'vacuum', ['lease', 'soak'], null],
    ['is none when nothing is known', 'soak', [], null],
    ['shares a letter at least, however short', 'x', ['on', 'off'], null],
    ['is none for two letters of which neither fits', 'ab', ['on', 'to'], null],
    ['is none for nothing at all', '', ['to'], null],
  ] as const)
    it(what, () => expect(nearest(word, known)).toBe(want));

  it('is a known one, itself if it is known, and never one without a letter of it', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '_'), maxLength: 8 });
    fc.assert(
      fc.property(word, fc.array(word), (given, known) => {
        const found = nearest(given, known);
        if (found === null) return expect(given !== '' && known.includes(given)).toBe(false);
        expect(known).toContain(found);
        if (known.includes(given)) expect(found).toBe(given);
        expect(given.split('').some((letter) => found.includes(letter))).toBe(true);
      }),
      { verbose: true },
    );
  });
});

describe('a suggestion', () => {
  const many = Array.from({ length: 21 }, (_, i) => `name_${i}`);
  for (const [what, word, known, want] of [
    ['is the nearest word', 'soka', ['soak', 'lease'], 'Did you mean "soak"?'],
    ['lists a few, in order, when none is near', 'vacuum', ['soak', 'lease'], 'Known: lease, soak.'],
    ['lists twenty', 'vacuum', many.slice(1), `Known: ${many.slice(1).sort().join(', ')}.`],
    ['does not list more', 'vacuum', many, undefined],
    ['is none when nothing is known', 'vacuum', [], undefined],
  ] as const)
    it(what, () => expect(suggestion(word, known)).toBe(want));
});
