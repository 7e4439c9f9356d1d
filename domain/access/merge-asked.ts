/** Who is asked about for several reasons is asked about once, under the weightiest of them. Pure. */
import { type Asked, isGuarded } from './impact.ts';

/** Beside the guarded ones: what was declared tells most to people. */
const weights: Readonly<Partial<Record<Asked['source'], number>>> = { declared: 3, check: 2, observed: 1 };

export function mergeAsked(asked: readonly Asked[]): readonly Asked[] {
  const merged = new Map<string, Asked>();
  for (const one of asked) {
    const { user, database, from, tls, replication = false } = one;
    const key = JSON.stringify([user, replication ? '' : database, from, tls, replication]);
    const had = merged.get(key);
    merged.set(key, had === undefined ? one : together(had, one));
  }
  return [...merged.values()];
}

function together(one: Asked, other: Asked): Asked {
  const [heavy, light] = weightOf(one) >= weightOf(other) ? [one, other] : [other, one];
  const needs = [...(heavy.needs ?? []), ...(light.needs ?? [])];
  const who = [...new Set([...heavy.who, ...light.who])];
  return { ...heavy, who, ...(needs.length === 0 ? {} : { needs }) };
}

function weightOf(one: Asked): number {
  return isGuarded(one) ? 4 : (weights[one.source] ?? 0);
}
