/** `approvers` and `groups` filled in, and what only the whole file can tell of them: unknown names, names shared, numbers never reached. */
import type { ApproverConfig } from '../domain/config.ts';
import { plain } from '../domain/approvers.ts';
import { type Issue, type Path, showPath } from '../domain/issues.schema.ts';
import { readPublicKeyLine } from '../signing/public-key.ts';
import type { KnowngoodInput } from './knowngood.schema.ts';
import type { PolicyInput } from './policy.schema.ts';
import { unknownName } from './references.ts';

export function approversOf({ approvers, groups = {} }: KnowngoodInput): readonly ApproverConfig[] | undefined {
  if (approvers === undefined) return undefined;
  return Object.entries(approvers).map(([name, { identities = [], keys = [] }]) => ({
    name,
    identities,
    keys,
    signs: keys.length > 0,
    groups: Object.entries(groups).flatMap(([group, members]) => (members.includes(name) ? [group] : [])),
  }));
}

export function approverIssues(input: KnowngoodInput): Issue[] {
  const approvers = Object.keys(input.approvers ?? {});
  const members = Object.entries(input.groups ?? {}).flatMap(([group, names]) =>
    names.flatMap((name, i) =>
      approvers.includes(name) ? [] : [unknownName('approver', name, ['groups', group, i], approvers)],
    ),
  );
  return [
    ...members,
    ...sharedIssues(input),
    ...places(input).flatMap(([path, policy]) => ruleIssues(input, policy, path)),
  ];
}

/** Everywhere a policy may be written. */
function places(input: KnowngoodInput): [Path, PolicyInput][] {
  return [
    ...(input.defaults === undefined ? [] : [[['defaults'], input.defaults] as [Path, PolicyInput]]),
    ...Object.entries(input.policies ?? {}).map(([name, policy]): [Path, PolicyInput] => [['policies', name], policy]),
    ...Object.entries(input.targets).map(([name, target]): [Path, PolicyInput] => [['targets', name], target]),
  ];
}

/** Two approvers of one name or one key would be one person that counts twice, or nobody knows which. */
function sharedIssues({ approvers = {} }: KnowngoodInput): Issue[] {
  const owners = new Map(Object.keys(approvers).map((name) => [`name ${plain(name)}`, name]));
  const issues: Issue[] = [];
  const claim = (what: string, owner: string, path: Path, text: string): void => {
    const other = owners.get(what);
    if (other === undefined) owners.set(what, owner);
    else if (other !== owner)
      issues.push(issue(path, 'shared-identity', `${text} belongs to approver "${other}" already`));
  };
  for (const [name, { identities = [], keys = [] }] of Object.entries(approvers)) {
    for (const [i, identity] of identities.entries())
      claim(`name ${plain(identity)}`, name, ['approvers', name, 'identities', i], `"${identity}"`);
    for (const [i, line] of keys.entries()) {
      const key = readPublicKeyLine(line);
      if ('fingerprint' in key)
        claim(key.fingerprint, name, ['approvers', name, 'keys', i], `the key ${key.fingerprint}`);
    }
  }
  return issues;
}

function ruleIssues(input: KnowngoodInput, { approvals = {}, neverReopen = {} }: PolicyInput, at: Path): Issue[] {
  const { groups = {}, signed = 'never' } = approvals;
  const people = input.approvers;
  const issues: Issue[] = [];
  const withKey = (name: string): boolean => (people?.[name]?.keys ?? []).length > 0;
  if (signed !== 'never' && !Object.keys(people ?? {}).some(withKey)) {
    const path = [...at, 'approvals', 'signed'];
    issues.push(issue(path, 'no-keys', 'nobody can sign', 'List approvers with their keys: see docs/approvals.md.'));
  }
  const { approvedBy } = neverReopen;
  if (approvedBy !== undefined && input.groups?.[approvedBy] === undefined)
    issues.push(
      unknownName('group', approvedBy, [...at, 'neverReopen', 'approvedBy'], Object.keys(input.groups ?? {}), 'value'),
    );
  for (const risk of ['low', 'high'] as const) {
    const mustSign = signed === 'always' || (signed === 'high' && risk === 'high');
    const able = (names: readonly string[]): number => new Set(mustSign ? names.filter(withKey) : names).size;
    const needed = approvals[risk] ?? 0;
    if (people !== undefined && needed > able(Object.keys(people)))
      issues.push(tooFew([...at, 'approvals', risk], able(Object.keys(people)), mustSign));
    for (const [group, quota] of Object.entries(groups[risk] ?? {})) {
      const path = [...at, 'approvals', 'groups', risk, group];
      const members = input.groups?.[group];
      if (members === undefined) issues.push(unknownName('group', group, path, Object.keys(input.groups ?? {}), 'key'));
      else if (quota > able(members)) issues.push(tooFew(path, able(members), mustSign));
    }
  }
  return issues;
}

function tooFew(path: Path, able: number, mustSign: boolean): Issue {
  return issue(path, 'too-few-approvers', `only ${able} can ${mustSign ? 'sign' : 'approve'}`);
}

function issue(path: Path, code: string, message: string, hint?: string): Issue {
  const problem = { code, message: `${showPath(path)}: ${message}`, ...(hint === undefined ? {} : { hint }) };
  return { path, at: 'value', problem };
}
