/** How a change ended, for people and for pipelines. Pure. */
import { durationText, timeText } from '../../domain/format.ts';
import { escapeMarkdown, oneLine } from '../../domain/markdown.ts';
import type { ChangeResult } from '../../domain/result.ts';
import { exitCodeOf, exitMeanings } from '../exit-codes.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';

export interface Links {
  readonly workflowId: string;
  /** null: no Web UI is known. */
  readonly ui: string | null;
}

export function renderResult(result: ChangeResult, links: Links, colors: Colors = noColors): string {
  const paint = result.outcome === 'kept' ? colors.green : result.outcome === 'reverted' ? colors.yellow : colors.red;
  // Most summaries begin with the outcome: said once, it reads as a sentence.
  const said = oneLine(result.summary);
  const rest = said.startsWith(result.outcome) ? said.slice(result.outcome.length) : `: ${said}`;
  const lines = [colors.bold(paint(result.outcome)) + rest];
  const row = (name: string, text: string | null): void => {
    if (text !== null) lines.push(`  ${name.padEnd(12)}${text}`);
  };
  row('change', `${result.target}:${result.changeId}`);
  row('dependents', dependentsText[result.dependents]);
  row('took', durationText(result.moments.closed - result.moments.started));
  const { firstFailure, restored } = result.moments;
  if (firstFailure !== null && restored !== null)
    row('restored', `${timeText(restored)}, ${durationText(restored - firstFailure)} after the first failure`);
  if (result.commandExitCode !== null) row('command', `exit code ${result.commandExitCode}`);
  for (const sentence of explanationsOf(result)) row('because', oneLine(sentence));
  for (const problem of result.problems) {
    row('problem', oneLine(problem.message));
    if (problem.detail) row('', oneLine(problem.detail));
    if (problem.hint) row('', oneLine(problem.hint));
  }
  for (const conflict of result.conflicts) row('conflict', oneLine(conflict));
  row('report', `knowngood report ${result.target}:${result.changeId}`);
  row('workflow', links.ui ?? links.workflowId);
  return lines.join('\n');
}

function explanationsOf({ attribution = [] }: ChangeResult): readonly string[] {
  return attribution.flatMap(({ sentences }) => sentences);
}

const dependentsText: Record<ChangeResult['dependents'], string | null> = {
  unaffected: 'unaffected',
  recovered: 'recovered',
  'still-failing': 'STILL FAILING',
  'not-measured': null,
};

export const jsonVersion = 1;

export function resultJson(result: ChangeResult, links: Links): object {
  const exitCode = exitCodeOf(result);
  return { version: jsonVersion, exitCode, ...links, ...result };
}

/** For CI: what the job page shows. */
export function resultMarkdown(result: ChangeResult, links: Links): string {
  const exitCode = exitCodeOf(result);
  const link = links.ui === null ? `\`${links.workflowId}\`` : `[${links.workflowId}](${links.ui})`;
  const rows = [
    ['Change', `\`${result.target}:${result.changeId}\``],
    ['Outcome', `**${result.outcome}** (${result.reason})`],
    ['Dependents', result.dependents],
    ...explanationsOf(result).map((sentence) => ['Because', escapeMarkdown(sentence)]),
    ['Took', durationText(result.moments.closed - result.moments.started)],
    ...(result.commandExitCode === null ? [] : [['Command', `exit code ${result.commandExitCode}`]]),
    ['Exit code', `${exitCode}: ${exitMeanings[exitCode]}`],
    ['Workflow', link],
  ];
  const table = ['| | |', '| --- | --- |', ...rows.map(([name, text]) => `| ${name} | ${text} |`)].join('\n');
  const timeline = result.timeline
    .map(({ at, phase, text }) => `- ${timeText(at)} · ${phase} · ${escapeMarkdown(text)}`)
    .join('\n');
  return `## Knowngood: ${result.outcome}\n\n${escapeMarkdown(result.summary)}\n\n${table}\n\n### Timeline\n\n${timeline}\n`;
}
