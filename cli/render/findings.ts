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

/** What a superuser runs in psql, in the database of each agent's connection; comments where there is nothing to run. */
export function renderGrants(findings: readonly Finding[]): string {
  const wanted = findings.filter(({ sql }) => sql !== undefined && sql.length > 0);
  // The last thing that is asked of the server: without an answer nobody knows.
  const asked = findings.some(({ mark, text }) => mark === 'ok' && text.startsWith('can be put back'));
  if (wanted.length === 0)
    return asked ? '-- nothing is lacking' : '-- not known: no server was asked with an agent.yaml';
  const lines = [...new Set(wanted.flatMap(({ sql = [] }) => sql))];
  return [
    "-- as a superuser, in the database that the agent's connection names",
    ...lines.map((line) => (line.startsWith('--') ? line : `${line};`)),
  ].join('\n');
}
