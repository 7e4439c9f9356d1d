/** Who loses and gains access by a plan, and why its risk is what it is, in Markdown: for details, comments and reports. */
import type { AccessChange } from '../access/impact.ts';
import { countText } from '../format.ts';
import { escapeMarkdown, shorten } from '../markdown.ts';
import type { PlanSummary } from '../plan.ts';
import { principalText } from '../plan/risk.ts';

export function accessPart({ access, reasons = [] }: PlanSummary, most: number): string {
  const lists =
    access === undefined
      ? []
      : [
          listOf('Loses access', access.lost, most),
          listOf('May lose access', access.unknown, most),
          listOf('Gains access', access.gained, most),
          `Access of ${countText(askedIn(access), 'principal')} simulated, ${access.unchanged} unchanged.`,
        ];
  const why = reasons.slice(0, most).map(({ text, risk }) => {
    return `- ${risk === undefined ? '' : `**${risk}**: `}${escapeMarkdown(shorten(text, 300))}`;
  });
  if (reasons.length > most) why.push(`- … and ${reasons.length - most} more`);
  return [...lists, why.length === 0 ? '' : ['**Why this risk**', '', ...why].join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

function listOf(title: string, changes: readonly AccessChange[], most: number): string {
  if (changes.length === 0) return '';
  const lines = changes
    .slice(0, most)
    .flatMap((change) => [
      `- ${escapeMarkdown(shorten(principalText(change), 300))}`,
      ...change.because.map((because) => `  - ${escapeMarkdown(shorten(because, 300))}`),
    ]);
  if (changes.length > most) lines.push(`- … and ${changes.length - most} more`);
  return [`**${title}**`, '', ...lines].join('\n');
}

export function askedIn({ lost, unknown, gained, unchanged }: NonNullable<PlanSummary['access']>): number {
  return lost.length + unknown.length + gained.length + unchanged;
}
