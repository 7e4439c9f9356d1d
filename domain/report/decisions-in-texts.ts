/** Decisions of changes that recorded none as data: read from what their timelines say. Can go once none of them is open. */
import { reasonWords } from './reason-words.ts';
import type { Decision } from './decisions.ts';
import type { ReportInput } from './input.ts';

/** As the workflow notes an operator's word: `abort by kim: not tonight`. Approvals are known better than from their note. */
const spoken = /^(reject|abort|confirm|abandon|extend|acknowledge)(?:e?d)? by ([^:]*)(?:: (.*))?$/s;
/** Said to a notice, or where it was told; it came back to the change by itself. */
const taken = /^[a-z-]+: acknowledged by ([^:]*)(?:: (.*))?$/s;
const extended = /^(deadline moved by [^:]*)(?:: (.*))?$/s;
const ruled = /^decided to (keep|revert): (.*)$/s;

export function decisionsInTexts({ result, details }: ReportInput): readonly Decision[] {
  const approvals = details.approvals.map(({ who, claim, why, at, signedBy }) => {
    const approved = { at, what: 'approve', who, claim, why };
    return signedBy === undefined ? approved : { ...approved, key: signedBy.fingerprint };
  });
  const noted = result.timeline.flatMap(({ at, phase, text }): readonly Decision[] => {
    const [, taker, saying = ''] = taken.exec(text) ?? [];
    if (taker !== undefined) return [{ at, what: 'acknowledge', who: taker, claim: null, why: saying }];
    // The summary of the end says again what was noted before.
    if (phase === 'report' || phase === 'closed') return [];
    const [, word, who = '', why = ''] = spoken.exec(text) ?? [];
    if (word !== undefined) return [{ at, what: word, who, claim: null, why }];
    const [, moved, because = ''] = extended.exec(text) ?? [];
    if (moved !== undefined) return [{ at, what: moved, who: 'an operator', claim: null, why: because }];
    const [, ruling, reason = ''] = ruled.exec(text) ?? [];
    return ruling === undefined ? [] : [{ at, what: ruling, who: byRule, claim: null, why: reason }];
  });
  return [...approvals, ...noted, ...(noted.some(({ who }) => who === byRule) ? [] : silent(result))];
}

export const byRule = 'Knowngood, by the policy';

/** Timelines of earlier versions do not name the ruling. */
function silent({ moments, outcome, reason }: ReportInput['result']): readonly Decision[] {
  if (moments.decided === null) return [];
  const what = outcome === 'kept' ? 'keep' : outcome === 'rejected' || outcome === 'aborted' ? 'end' : 'revert';
  return [{ at: moments.decided, what, who: byRule, claim: null, why: reasonWords[reason] }];
}
