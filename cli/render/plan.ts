/** A plan, for people. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { AccessImpact } from '../../domain/access/impact.ts';
import { askedIn } from '../../domain/details/access.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import { principalText } from '../../domain/plan/risk.ts';
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
  lines.push(...accessLines(plan, colors));
  if (plan.moreItems > 0) lines.push(`  and ${plan.moreItems} more`);
  for (const warning of plan.warnings) lines.push('', `${colors.yellow('WARNING:')}  ${oneLine(warning)}`);
  if (plan.diff !== '') lines.push('', ...diffLines(plan.diff, colors));
  return lines.join('\n');
}

/** The same without the items: who loses or gains what. */
export function renderAccess(plan: PlanSummary, colors: Colors = noColors): string {
  return [`${colors.bold('risk')} ${plan.risk}`, ...accessLines(plan, colors)].join('\n');
}

/** Who loses or gains what, and why the risk is what it is. */
function accessLines({ access, reasons = [] }: PlanSummary, colors: Colors): readonly string[] {
  const lines: string[] = [];
  const part = (title: string, changes: AccessImpact['lost'], color: (text: string) => string): void => {
    if (changes.length === 0) return;
    lines.push('', color(title));
    for (const change of changes) {
      lines.push(`  ${oneLine(principalText(change))}`);
      for (const because of change.because) lines.push(`    ${oneLine(because)}`);
    }
  };
  if (access !== undefined) {
    part('LOSES ACCESS', access.lost, colors.red);
    part('MAY LOSE ACCESS', access.unknown, colors.yellow);
    part('gains access', access.gained, colors.green);
    lines.push('', `access of ${askedIn(access)} principals simulated, ${access.unchanged} unchanged`);
    if (access.more > 0) lines.push(`  and ${access.more} more that are not shown`);
  }
  if (reasons.length > 0) lines.push('', colors.bold('why'));
  for (const { rule, text, risk } of reasons) lines.push(`  ${risk ?? ''} ${rule}: ${oneLine(text)}`);
  return lines;
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
