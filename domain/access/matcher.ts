/** `firstMatch` for many who ask of the same rules: the answers are the same, and come sooner. */
import { type Connecting, type Match, type MatchFacts, firstMatch } from './match.ts';
import type { HbaRule } from './rule.ts';
import { ruleSieve } from './rule-index.ts';

export type Matcher = (connecting: Connecting) => Match;

export function matcherOf(rules: readonly HbaRule[], facts: MatchFacts): Matcher {
  const sieve = ruleSieve(rules, facts);
  return (connecting) => {
    for (const at of sieve(connecting)) {
      const rule = rules[at];
      const match = rule === undefined ? null : firstMatch([rule], connecting, facts);
      if (match !== null && match.kind !== 'none') return match;
    }
    return { kind: 'none' };
  };
}
