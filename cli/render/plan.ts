/** A plan, for people. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';
import { columns, verbatim } from './text.ts';

export function renderPlan(plan: PlanSummary, colors: Colors = noColors): string {
  if (plan.items.length === 0) return 'nothing to do: the server is as the change wants it';
  const lines = [
    `${colors.bold('effect')} ${plan.effect}   ${colors.bold('risk')} ${plan.risk}   ${colors.bold('plan')} ${plan.hash.slice(0, 12)}`,
    '',
    ...columns(plan.items.map(({ action, effect, summary }) => [`  ${action}`, effect, oneLine(summary)])),
  ];
  if (plan.moreItems > 0) lines.push(`  and ${plan.moreItems} more`);
  for (const warning of plan.warnings) lines.push('', `${colors.yellow('WARNING:')}  ${oneLine(warning)}`);
  if (plan.diff !== '') lines.push('', ...diffLines(plan.diff, colors));
  return lines.join('\n');
}

export function diffLines(diff: string, colors: Colors): readonly string[] {
  return diff
    .trimEnd()
    .split('\n')
    .map((line) => diffLine(line, colors));
}

function diffLine(line: string, colors: Colors): string {
  const text = verbatim(line);
  if (line.startsWith('+')) return colors.green(text);
  return line.startsWith('-') ? colors.red(text) : text;
}
