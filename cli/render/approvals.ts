/** Approvals as rows of a view: how many, what is missing, whose. Pure. */
import { missingText } from '../../domain/approvals.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { ApprovalsView } from '../../domain/view.ts';

/** Name and text of each row; none where nobody is asked. */
export function approvalLines({ needed, given, missing, signed }: ApprovalsView): [string, string][] {
  if (needed === 0) return [];
  const rest = missing === undefined || missing.groups.length === 0 ? '' : `; missing: ${missingText(missing)}`;
  return [
    ['approvals', `${given.length} of ${needed}${rest}${signed ? '; signed ones only' : ''}`],
    ...given.map(({ who, why, signedBy }): [string, string] => {
      const proof = signedBy === undefined ? '' : ` (signed, ${signedBy.fingerprint})`;
      return ['approved', `by ${oneLine(who)}${proof}${why === '' ? '' : `: ${oneLine(why)}`}`];
    }),
  ];
}
