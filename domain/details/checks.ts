/** The checks of a running change as one Markdown table: how each stands, and what the last error said. */
import type { CheckProgress, CheckSpec } from '../check.ts';
import type { ChangeView } from '../view.ts';
import { levelText } from '../checks/consequence.ts';
import { timeText } from '../format.ts';
import { codeCell, escapeMarkdown, markdownTable, shorten } from '../markdown.ts';

/** Required and failing checks come first, so what is cut off is what matters least. */
const mostChecks = 30;

export function checksPart({ checks, progress, phase }: Pick<ChangeView, 'checks' | 'progress' | 'phase'>): string {
  if (checks.length === 0)
    return '### Checks\n\nNone: no dependent of this target declares one, so nothing can be noticed.';
  const rows = checks
    .map((spec) => ({ spec, own: progress.find(({ check }) => check === spec.name) ?? null }))
    .map((row) => ({ ...row, weight: weightOf(row.spec, row.own) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ spec, own }) => [codeCell(spec.name), levelText(spec), stateOf(own), passesOf(own), lastOf(own)]);
  const table = markdownTable({
    head: ['check', 'level', 'now', 'passed', 'last result'],
    rows: rows.slice(0, mostChecks),
  });
  const left = rows.length - mostChecks;
  const measured = progress.flatMap(({ lastAt }) => (lastAt === null ? [] : [lastAt]));
  return [
    '### Checks',
    table,
    ...(left > 0 ? [`… and ${left} more`] : []),
    ...(measured.length === 0 ? [] : [`As of ${timeText(Math.max(...measured))}.${phase === 'watch' ? news : ''}`]),
  ].join('\n\n');
}

/** The counters come seldom. */
const news = ' What begins to fail, or ceases to, is shown at once.';

function weightOf(spec: CheckSpec, own: CheckProgress | null): number {
  const suffering =
    own === null ? 0 : Math.min(own.failsInARow * 2 + own.errorsInARow + (own.worse === undefined ? 0 : 2), 1_000);
  return suffering * 2 + (spec.level === 'required' ? 1 : 0);
}

function stateOf(own: CheckProgress | null): string {
  if (own === null || own.last === null) return 'not measured yet';
  if (own.failsInARow > 0) {
    const since = own.failingSince === null ? '' : ` since ${timeText(own.failingSince)}`;
    return `**failing**${since} (${own.failsInARow} in a row)`;
  }
  if (own.worse !== undefined) return `**worse** since ${timeText(own.worse.at)}: ${escapeMarkdown(own.worse.why)}`;
  if (own.errorsInARow > 0) return `**not measurable** (${own.errorsInARow} in a row)`;
  return own.last.forgiven === true ? 'settling' : 'passing';
}

function passesOf(own: CheckProgress | null): string {
  if (own === null) return '–';
  return `${own.passes} of ${own.passes + own.fails + own.errors + own.noData + own.forgiven}`;
}

function lastOf(own: CheckProgress | null): string {
  const last = own?.last ?? null;
  if (last === null) return '–';
  if (last.mark === 'pass')
    return `pass, ${last.code === null ? '' : `${escapeMarkdown(last.code)}, `}${Math.round(last.latencyMs)} ms`;
  const kind = [last.mark, last.class, last.code].filter((word) => word !== null).join(', ');
  const said = last.message === null ? '' : `: ${codeCell(shorten(last.message, 300))}`;
  return `${escapeMarkdown(kind)}${said}${last.forgiven === true ? ' (settling, not counted)' : ''}`;
}
