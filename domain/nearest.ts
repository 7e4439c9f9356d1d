/** The known word that was probably meant. */
import { distance } from 'fastest-levenshtein';

/** null when nothing is near enough to be worth suggesting. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  // A word with none of its letters left is another word, however short.
  let bestDistance = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps < bestDistance) [best, bestDistance] = [candidate, steps];
  }
  return best;
}

/** A hint for an unknown word: the nearest one, else all of them when they are few. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== null) return `Did you mean "${near}"?`;
  if (known.length === 0 || known.length > 20) return undefined;
  return `Known: ${[...known].sort().join(', ')}.`;
}
