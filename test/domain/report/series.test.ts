/** How a long series is thinned for a picture: bounded, and without losing what it is about. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sample } from '../../../domain/check.ts';
import { thin } from '../../../domain/report/series.ts';
import { samplesFrom } from '../../probes/builders.ts';

describe('a long series', () => {
  const marks = (letters: string): readonly Sample[] => samplesFrom(letters);
  const shown = (letters: string, most: number): string =>
    thin(marks(letters), most)
      .map(({ mark }) => (mark === 'pass' ? '.' : mark === 'fail' ? 'x' : 'e'))
      .join('');

  for (const [what, letters, most, want] of [
    ['that is none stays as it is', '....x', 5, '....x'],
    ['of passes is every n-th of them, and the last', '..........', 4, '....'],
    ['keeps a failure with a pass on each side', '.....x....', 3, '..x...'],
    ['keeps what the probe could not tell', '.....e....', 3, '..e...'],
  ] as const)
    it(what, () => expect(shown(letters, most)).toBe(want));

  it('is bounded, in order, with its first and last; and whole in its failures while they fit', () => {
    const letters = fc.string({ unit: fc.constantFrom('.', '.', '.', 'x', 'e'), minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(letters, fc.integer({ min: 5, max: 60 }), (all, most) => {
        const given = marks(all);
        const kept = thin(given, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(2 * most, most + 1));
        expect([kept[0], kept.at(-1)]).toEqual([given[0], given.at(-1)]);
        expect([...kept].sort((a, b) => a.at - b.at)).toEqual(kept);
        const red = given.filter(({ mark }) => mark !== 'pass');
        if (4 * red.length + 2 <= most) expect(kept.filter(({ mark }) => mark !== 'pass')).toEqual(red);
      }),
      { verbose: true },
    );
  });
});
