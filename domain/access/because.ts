/** What of a change explains that somebody gets in no more: the rule that decided, and the one that decides now. Pure. */
import type { AccessChange } from './impact.ts';
import type { AccessState, Place } from './login.ts';
import type { HbaRule } from './rule.ts';
import { ruleText, shownRule } from './rule-text.ts';

/** A sentence each; the last one is the server's own no. */
export function becauseOf(
  before: AccessState,
  after: AccessState,
  { before: was, after: is }: Pick<AccessChange, 'before' | 'after'>,
): readonly string[] {
  // It does not even come to the rules.
  if (is.kind === 'denied' && is.sqlState === null) return [is.why];
  const sentences: string[] = [];
  const had = ruleAt(before, was.where);
  if (had !== null && !sameRule(had, ruleAt(after, is.where))) {
    const text = `${shownRule(had)} (${placeText(had)})`;
    const still = after.rules.some(({ rule }) => sameRule(had, rule));
    sentences.push(still ? `the rule ${text} is still there, and another one comes first` : `the rule ${text} is gone`);
  }
  const now = ruleAt(after, is.where);
  if (now !== null && is.kind !== 'allowed' && !sameRule(had, now))
    sentences.push(`now ${placeText(now)} decides: ${shownRule(now)}`);
  if (is.kind !== 'allowed') sentences.push(is.why);
  return sentences;
}

export function ruleAt({ rules }: AccessState, where: Place | null): HbaRule | null {
  if (where === null) return null;
  return rules.find(({ rule }) => rule?.file === where.file && rule.line === where.line)?.rule ?? null;
}

function sameRule(one: HbaRule | null, other: HbaRule | null): boolean {
  if (one === null || other === null) return one === other;
  return ruleText(one) === ruleText(other) && JSON.stringify(one.options) === JSON.stringify(other.options);
}

export function placeText({ file, line }: Place): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}
