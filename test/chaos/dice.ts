/** Numbers that look random and follow from a seed alone: the same seed, the same run. */

export interface Dice {
  /** A whole number, both ends included. */
  between(lowest: number, highest: number): number;
  chance(share: number): boolean;
  oneOf<T>(list: readonly T[]): T;
}

/** mulberry32: 32 bits of state are plenty for a scenario. */
export function diceOf(seed: number, index: number): Dice {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (lowest: number, highest: number): number => lowest + Math.floor(next() * (highest - lowest + 1));
  return {
    between,
    chance: (share) => next() < share,
    oneOf: <T>(list: readonly T[]): T => {
      const one = list[between(0, list.length - 1)];
      if (one === undefined) throw new Error('nothing to choose from');
      return one;
    },
  };
}
