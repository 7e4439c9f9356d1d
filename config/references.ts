/** Names in knowngood.yaml that must stand somewhere else in it: targets, policies, teams. */
import { parseDuration } from '../domain/duration.ts';
import type { Issue, Path } from '../domain/issues.schema.ts';
import { showPath } from '../domain/issues.schema.ts';
import { suggestion } from '../domain/nearest.ts';
import { groups } from '../domain/notify/plan.ts';
import { mostRepeats } from '../domain/notify/to-send.ts';
import type { KnowngoodInput } from './knowngood.schema.ts';
import { usualGiveUp, usualRepeat } from './notify.ts';

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
  issues.push(...notifyIssues(input));
  for (const [name, target] of Object.entries(input.targets))
    issues.push(...socketIssues(input, name, target.connection));
  return issues;
}

/** Whom `notifications` names, and what the channels of teams need of it. */
function notifyIssues(input: KnowngoodInput): Issue[] {
  const { routes = [], escalation = [], smtp } = input.notifications ?? {};
  const teams = Object.keys(input.teams ?? {});
  const targets = Object.keys(input.targets);
  const whom = (tell: readonly string[], path: Path): Issue[] =>
    tell.flatMap((name, i) =>
      teams.includes(name) || isGroup(name)
        ? []
        : [unknownName('team', name, [...path, 'tell', i], [...teams, ...groups])],
    );
  const at = (part: string, i: number): Path => ['notifications', part, i];
  return [
    ...routes.flatMap(({ tell }, i) => whom(tell, at('routes', i))),
    ...routes.flatMap(({ targets: named = [] }, i) =>
      named.flatMap((name, j) =>
        targets.includes(name) ? [] : [unknownName('target', name, [...at('routes', i), 'targets', j], targets)],
      ),
    ),
    ...escalation.flatMap(({ tell }, i) => whom(tell, at('escalation', i))),
    ...escalation.flatMap(({ after = '0s' }, i) => {
      const before = escalation[i - 1]?.after ?? '0s';
      if (i === 0 || (parseDuration(after) ?? 0) > (parseDuration(before) ?? 0)) return [];
      return [issueAt([...at('escalation', i), 'after'], 'must be later than the step before')];
    }),
    ...repeatIssues(input),
    ...teams
      .filter(isGroup)
      .map((name) => issueAt(['teams', name], `"${name}" means a group of teams in routes`, 'key')),
    ...Object.entries(input.teams ?? {}).flatMap(([name, { notify = [] }]) =>
      notify.flatMap(({ email }, i) =>
        email === undefined || smtp !== undefined
          ? []
          : [
              issueAt(
                ['teams', name, 'notify', i, 'email'],
                'needs "notifications.smtp": the server that takes the mail',
              ),
            ],
      ),
    ),
  ];
}

function repeatIssues({ notifications: { repeat, giveUp } = {} }: KnowngoodInput): Issue[] {
  const repeats = (parseDuration(giveUp ?? usualGiveUp) ?? 0) / (parseDuration(repeat ?? usualRepeat) ?? 1);
  if (repeats <= mostRepeats) return [];
  const message = `repeats a notice more than ${mostRepeats} times before "giveUp" (${giveUp ?? usualGiveUp})`;
  return [issueAt(['notifications', repeat === undefined ? 'giveUp' : 'repeat'], message)];
}

function isGroup(name: string): boolean {
  return groups.some((group) => group === name);
}

function issueAt(path: Path, message: string, at: Issue['at'] = 'value'): Issue {
  return { path, at, problem: { code: 'invalid-value', message: `${showPath(path)}: ${message}` } };
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
