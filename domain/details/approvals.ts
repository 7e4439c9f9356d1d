/** How far the approvals are, for people: who has given one, and what is still missing. */
import { missingText } from '../approvals.ts';
import { listText, timeText } from '../format.ts';
import { codeCell, escapeMarkdown, shorten } from '../markdown.ts';
import type { ApprovalsView } from '../view.ts';

const mostApprovals = 10;

export function approvalsText({ given, needed, missing, signed }: ApprovalsView): string {
  const names = given.slice(-mostApprovals).map(({ who, at, signedBy }) => {
    const key = signedBy === undefined ? '' : ` (signed, ${codeCell(signedBy.fingerprint)})`;
    return `${escapeMarkdown(shorten(who, 100))}${key} at ${timeText(at)}`;
  });
  const parts = [
    `**${given.length} of ${needed}**${names.length === 0 ? '' : `: ${listText(names)}`}`,
    ...(missing === undefined ? [] : [`missing: ${escapeMarkdown(missingText(missing))}`]),
    ...(signed === true ? ['only signed ones count'] : []),
  ];
  return parts.join('; ');
}
