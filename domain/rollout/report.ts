/** One report over all targets of a rollout: as data, as Markdown, and as a page. Pure. */
import { countText, dateTimeText, durationText } from '../format.ts';
import { escapeHtml } from '../html.ts';
import { codeCell, escapeMarkdown, markdownTable, shorten } from '../markdown.ts';
import type { ChangeResult } from '../result.ts';
import type { RolloutResult, TargetEnd } from './rollout.ts';

export interface RolloutReport extends Omit<RolloutResult, 'targets'> {
  readonly version: 1;
  readonly requestedBy: string;
  readonly reason: string;
  readonly halt: string | null;
  readonly targets: readonly TargetReport[];
}

export interface TargetReport extends TargetEnd {
  /** The change's own end; null: nothing was begun, or nobody knows. */
  readonly change: Told | null;
  /** The end of the change that undid it; null: there was none. */
  readonly undo: Told | null;
}

export interface Told {
  readonly changeId: string;
  readonly outcome: ChangeResult['outcome'];
  readonly reason: ChangeResult['reason'];
  readonly dependents: ChangeResult['dependents'];
  readonly moments: ChangeResult['moments'];
}

export function told({ changeId, outcome, reason, dependents, moments }: ChangeResult): Told {
  return { changeId, outcome, reason, dependents, moments };
}

export function rolloutMarkdown(report: RolloutReport): string {
  const rows = headRows(report).map(([name, text]) => [name, escapeMarkdown(text)]);
  const targets = report.targets.map((target) => [
    String(target.wave + 1),
    codeCell(target.target),
    `**${target.state}**`,
    escapeMarkdown(tookText(target)),
    escapeMarkdown(shorten(target.why, 300)),
  ]);
  return `${[
    `# Rollout ${escapeMarkdown(report.rolloutId)}: ${report.outcome}`,
    escapeMarkdown(report.summary),
    markdownTable({ head: ['', ''], rows }),
    '## Targets',
    markdownTable({ head: ['wave', 'target', 'state', 'took', 'why'], rows: targets }),
    'Each target has a report of its own: `knowngood report <target>:<change id>`.',
  ].join('\n\n')}\n`;
}

/** Self-contained: no script, nothing from elsewhere. */
export function rolloutHtml(report: RolloutReport): string {
  const cell = (text: string): string => `<td>${escapeHtml(text)}</td>`;
  const rows = headRows(report).map(([name, text]) => `<tr><th>${escapeHtml(name)}</th>${cell(text)}</tr>`);
  const targets = report.targets.map(
    (target) =>
      `<tr>${[String(target.wave + 1), target.target, target.state, tookText(target), target.why].map(cell).join('')}</tr>`,
  );
  const title = escapeHtml(`Rollout ${report.rolloutId}: ${report.outcome}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}</style>
<h1>${title}</h1><p>${escapeHtml(report.summary)}</p>
<table><tbody>${rows.join('')}</tbody></table>
<h2>Targets</h2><table><thead><tr><th>wave</th><th>target</th><th>state</th><th>took</th><th>why</th></tr></thead><tbody>${targets.join('')}</tbody></table>
</html>
`;
}

function headRows(report: RolloutReport): readonly (readonly [string, string])[] {
  const waves = new Set(report.targets.map(({ wave }) => wave)).size;
  return [
    ['asked for by', report.requestedBy],
    ...(report.reason === '' ? [] : [['reason', report.reason] as const]),
    ['began', dateTimeText(report.startedAt)],
    ['took', durationText(report.closedAt - report.startedAt)],
    ['targets', `${report.targets.length} in ${countText(waves, 'wave')}`],
    ...(report.halt === null ? [] : [['halted', report.halt] as const]),
  ];
}

function tookText({ change }: TargetReport): string {
  return change === null ? '' : durationText(change.moments.closed - change.moments.started);
}

/** `18 kept, 1 reverted, 1 undone`. */
export function statesText(targets: readonly Pick<TargetEnd, 'state'>[]): string {
  const numbers = new Map<string, number>();
  for (const { state } of targets) numbers.set(state, (numbers.get(state) ?? 0) + 1);
  return [...numbers].map(([state, count]) => `${count} ${state}`).join(', ');
}
