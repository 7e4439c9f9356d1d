/** A plan as a comment on a pull request. Pure. */
import { accessPart } from '../../domain/details/access.ts';
import { countText } from '../../domain/format.ts';
import { codeBlock, codeCell, codeSpan, escapeMarkdown, markdownTable } from '../../domain/markdown.ts';
import type { PlanSummary } from '../../domain/plan.ts';

const mostShown = 50;

export function planMarkdown(target: string, plan: PlanSummary): string {
  const { items, moreItems, risk, effect, hash, warnings, diff } = plan;
  const verdict = risk === 'refused' ? 'would be **refused**' : `risk **${risk}**`;
  const table = markdownTable({
    head: ['what', 'effect', 'change'],
    rows: items.map((item) => [item.action, item.effect, codeCell(item.summary)]),
  });
  return [
    `### Knowngood: plan for ${codeSpan(target)}`,
    `${countText(items.length + moreItems, 'item')}, effect **${effect}**, ${verdict}, plan ${codeSpan(hash.slice(0, 12))}.`,
    accessPart(plan, mostShown),
    items.length === 0 ? 'Nothing to do: the server is as the change wants it.' : table,
    warnings.map((warning) => `- Warning: ${escapeMarkdown(warning)}`).join('\n'),
    diff === '' ? '' : `<details><summary>Diff</summary>\n\n${codeBlock(diff, 'diff')}\n\n</details>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
