/** What the doctor says. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { Finding } from '../doctor/finding.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';

/** What is neither put back nor guarded: better known before than found out at night. */
export const notCovered: readonly string[] = [
  'what is in the databases: tables, functions, data; objects that are dropped',
  'extension versions: seen and shown, never taken back',
  'publications, subscriptions, replication slots, event triggers, security labels, comments',
  'the folders and disks of tablespaces, the operating system, its users and its limits',
  'targets managed by an operator or a cloud provider, standbys, and Patroni clusters without a "patroni" section: they are refused',
  'notifications of teams',
];

export function renderFindings(findings: readonly Finding[], colors: Colors = noColors): string {
  const marks = { ok: colors.green('ok     '), note: colors.yellow('note   '), problem: colors.red('PROBLEM') };
  const lines = findings.flatMap(({ mark, what, text, hint }) => [
    `${marks[mark]}  ${what}: ${oneLine(text)}`,
    ...(hint === undefined ? [] : [`         HINT:  ${oneLine(hint)}`]),
  ]);
  return [...lines, '', 'not covered:', ...notCovered.map((line) => `  - ${line}`)].join('\n');
}
