/** A running change as `status` shows it. Pure; the caller passes the time. */
import type { CheckProgress } from '../../domain/check.ts';
import { countText, durationText, timeText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { TimelineEntry } from '../../domain/result.ts';
import type { ChangeView } from '../../domain/view.ts';
import { approvalLines } from './approvals.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';
import { columns } from './text.ts';

export function renderView(view: ChangeView, now: number, colors: Colors = noColors): string {
  const lines = [`${colors.bold(`${view.target}:${view.changeId}`)}  ${headline(view, now)}`];
  const row = (name: string, text: string): void => void lines.push(`  ${name.padEnd(12)}${text}`);
  if (view.reason !== '') row('reason', oneLine(view.reason));
  row('by', oneLine(view.requestedBy));
  if (view.deadlineAt !== null)
    row('deadline', `${timeText(view.deadlineAt)} (${left(view.deadlineAt, now)}), then ${oneLine(view.atDeadline)}`);
  for (const line of approvalLines(view.approvals)) row(...line);
  if (view.plan !== null)
    row(
      'plan',
      `${countText(view.plan.items.length + view.plan.moreItems, 'item')}, effect ${view.plan.effect}, risk ${view.plan.risk}`,
    );
  if (view.why !== '') row('why', oneLine(view.why));
  for (const check of columns(view.progress.map(checkCells))) row('check', check);
  for (const problem of view.remaining) row('remaining', oneLine(problem.message));
  if (view.possible.length > 0) row('possible', view.possible.join(', '));
  for (const entry of view.timeline.slice(-5)) lines.push(`  ${timelineLine(entry)}`);
  return lines.join('\n');
}

/** One line: what the live display shows below the timeline. */
export function headline(view: Pick<ChangeView, 'phase' | 'since' | 'deadlineAt' | 'outcome'>, now: number): string {
  const outcome = view.outcome === null ? '' : ` → ${view.outcome}`;
  const rest = view.deadlineAt === null ? '' : `, ${left(view.deadlineAt, now)}`;
  return `${view.phase}${outcome} for ${durationText(Math.max(0, now - view.since))}${rest}`;
}

export function timelineLine({ at, phase, text }: TimelineEntry): string {
  return `${timeText(at)}  ${phase.padEnd(9)}  ${oneLine(text)}`;
}

function left(deadlineAt: number, now: number): string {
  return deadlineAt > now ? `${durationText(deadlineAt - now)} left` : 'due';
}

function checkCells({ check, passes, fails, errors, noData, last }: CheckProgress): string[] {
  const mark = last === null ? 'not measured' : last.mark;
  return [
    check,
    mark,
    `${passes} passed, ${fails} failed, ${errors + noData} without an answer`,
    last?.message == null ? '' : oneLine(last.message),
  ];
}
