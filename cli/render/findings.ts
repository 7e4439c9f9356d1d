/** What the doctor says. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { Finding } from '../doctor/finding.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';

/** What this version neither snapshots nor puts back: better known before than found out at night. */
export const notCovered: readonly string[] = [
  'certificate, key, CA, CRL and keytab files that settings name',
  'roles, memberships, grants, owners, default privileges and row security: a change of these is not put back',
  'databases and their limits, tablespaces, extensions, subscriptions, replication slots',
  'targets managed by Patroni, an operator or a cloud provider, and standbys: they are refused',
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
