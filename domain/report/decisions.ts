/** Who decided what, when and why: people's words, those too that did not count, and what the policy ruled. */
import type { RecordedDecision } from '../decision.ts';
import { durationText } from '../format.ts';
import type { ReasonCode } from '../result.ts';
import { byRule, decisionsInTexts } from './decisions-in-texts.ts';
import type { ReportInput } from './input.ts';

export interface Decision {
  /** Unix ms. */
  readonly at: number;
  /** `approve`, `abort`, `acknowledge`, `revert`. */
  readonly what: string;
  readonly who: string;
  /** What the client of an approval claimed to be; null: nothing, or not asked. */
  readonly claim: string | null;
  /** Fingerprint of the key by which it was signed. Absent: it was not. */
  readonly key?: string;
  /** '' when not said. */
  readonly why: string;
  /** Why it did not count, or no longer does. Absent: it did. */
  readonly refused?: string;
}

export function decisionsOf(input: ReportInput): readonly Decision[] {
  const { change, result, details } = input;
  const { requestedBy, reason } = change;
  const asked = { at: result.moments.started, what: 'ask for the change', who: requestedBy, claim: null, why: reason };
  return [...(requestedBy === '' ? [] : [asked]), ...(details.decisions?.map(shown) ?? decisionsInTexts(input))].sort(
    (a, b) => a.at - b.at,
  );
}

function shown({ at, word, who, why, claim = null, key, reason, extendedMs, refused }: RecordedDecision): Decision {
  return {
    at,
    what: extendedMs === undefined ? words[word] : `move the deadline by ${durationText(extendedMs)}`,
    who: reason === undefined ? who || 'an operator' : (byWord[reason] ?? byRule),
    claim,
    ...(key === undefined ? {} : { key }),
    why,
    ...(refused === undefined ? {} : { refused }),
  };
}

/** Where no rule had to be asked. */
const byWord: Readonly<Partial<Record<ReasonCode, string>>> = {
  'confirmed-by-operator': 'Knowngood, as it was told',
  'aborted-by-operator': 'Knowngood, as it was told',
  'rejected-by-operator': 'Knowngood, as it was told',
  cancelled: 'Knowngood, as it was told',
  'rescued-on-host': 'somebody on the database host',
};

const words: Readonly<Record<RecordedDecision['word'], string>> = {
  approve: 'approve',
  reject: 'reject',
  abort: 'abort',
  confirm: 'confirm',
  extend: 'move the deadline',
  abandon: 'abandon',
  acknowledge: 'acknowledge',
  keep: 'keep',
  revert: 'revert',
  'revert-in-part': 'revert in part',
};

/** Its reason, and whether it counted. */
export function whyText({ why, refused }: Decision): string {
  const none = refused === undefined ? '' : `Did not count: ${refused.replace(/\.$/, '')}.`;
  return [why, none].filter((text) => text !== '').join(' – ');
}
