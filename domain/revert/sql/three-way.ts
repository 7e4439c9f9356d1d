/** The rule of every item: S before the change, C right after it, L live now. */

export type Way = 'untouched' | 'done' | 'restore' | 'conflict';

/** `untouched`: the change did not touch it, so it is left alone, whatever it is now. */
export function wayOf<T>(s: T, c: T, l: T, same: (a: T, b: T) => boolean = Object.is): Way {
  if (same(s, c)) return 'untouched';
  if (same(l, s)) return 'done';
  return same(l, c) ? 'restore' : 'conflict';
}

/** What shall be: restoring wins where the change touched it, everybody else's value stays where it did not. */
export function wanted<T>(s: T, c: T, l: T, same: (a: T, b: T) => boolean = Object.is): T {
  return same(s, c) ? l : s;
}
