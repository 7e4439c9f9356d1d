/** Names in knowngood.yaml that must stand somewhere else in it: targets, policies, teams. */
import type { Issue, Path } from '../domain/issues.schema.ts';
import { showPath } from '../domain/issues.schema.ts';
import { suggestion } from '../domain/nearest.ts';
import type { KnowngoodInput } from './knowngood.schema.ts';

export function referenceIssues(input: KnowngoodInput): Issue[] {
  const targets = Object.keys(input.targets);
  const policies = Object.keys(input.policies ?? {});
  const issues: Issue[] = [];
  for (const [name, target] of Object.entries(input.targets)) {
    if (target.policy !== undefined && !policies.includes(target.policy)) {
      issues.push(unknownName('policy', target.policy, ['targets', name, 'policy'], policies));
    }
  }
  for (const [name, dependent] of Object.entries(input.dependents ?? {})) {
    const path = ['dependents', name];
    if (!targets.includes(dependent.uses))
      issues.push(unknownName('target', dependent.uses, [...path, 'uses'], targets));
    // Without a "teams" section a team is only a name in reports.
    const teams = Object.keys(input.teams ?? {});
    if (input.teams !== undefined && dependent.team !== undefined && !teams.includes(dependent.team)) {
      issues.push(unknownName('team', dependent.team, [...path, 'team'], teams));
    }
  }
  for (const [name, target] of Object.entries(input.targets))
    issues.push(...socketIssues(input, name, target.connection));
  return issues;
}

/** A `tcp` check cannot take a socket folder from its target's connection. */
function socketIssues(input: KnowngoodInput, target: string, connection: string): Issue[] {
  if (!connection.includes('host=/') && !connection.includes('host=%2F')) return [];
  return Object.entries(input.dependents ?? {})
    .filter(([, dependent]) => dependent.uses === target)
    .flatMap(([name, dependent]) =>
      Object.entries(dependent.checks ?? {})
        .filter(([, check]) => check.tcp !== undefined && check.tcp.host === undefined)
        .map(([check]) => {
          const path = ['dependents', name, 'checks', check, 'tcp'];
          const message = `${showPath(path)}: needs "host", because target "${target}" is connected by a Unix socket`;
          return { path, at: 'key' as const, problem: { code: 'missing-key', message } };
        }),
    );
}

export function unknownName(
  kind: string,
  name: string,
  path: Path,
  known: readonly string[],
  at: Issue['at'] = 'value',
): Issue {
  const hint = suggestion(name, known);
  const message = `${showPath(path)}: unknown ${kind} "${name}"`;
  return { path, at, problem: { code: `unknown-${kind}`, message, ...(hint === undefined ? {} : { hint }) } };
}
