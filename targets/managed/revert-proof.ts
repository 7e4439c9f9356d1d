/** What is proven of the members after a revert, and what is still missing: each by what it runs, seen on a new connection. */
import { bareRules, declaredRules } from '../../domain/managed/views.ts';
import type { Decision } from '../../domain/managed/three-way.ts';
import { pathText } from '../../domain/managed/document.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Captured } from '../target.ts';
import { type Untaken, unseen } from './arrive.ts';
import type { ManagedParts } from './parts.ts';
import { managedOf } from './context.ts';

export interface Proved {
  readonly before: Captured;
  /** null: unknown, then nothing may be otherwise than before. */
  readonly change: Captured | null;
  readonly decisions: readonly Decision[];
  /** Settings that the change changed. */
  readonly scope: ReadonlySet<string>;
  /** Members that must be as before. */
  readonly names: readonly string[];
  /** Those that are known not to be. */
  readonly arrival: Untaken;
  /** Those that are known to wait for a restart. */
  readonly waiting: ReadonlySet<string>;
  /** null: nothing could be seen. */
  readonly seen: Captured | null;
}

export interface Proof {
  readonly remaining: readonly Problem[];
  readonly lines: readonly string[];
  /** Members that have not loaded what is declared, as far as that goes without a restart. */
  readonly unloaded: readonly string[];
}

export function membersProof(
  { owner }: ManagedParts,
  { before, change, decisions, scope, names, arrival, waiting, seen }: Proved,
): Proof {
  if (seen === null) return { remaining: [], lines: [], unloaded: [] };
  const [was, is] = [managedOf(before), managedOf(seen)];
  const { hba } = owner.places;
  const rulesNow = hba === null ? null : declaredRules(is.document, owner.places);
  const touchesRules =
    hba !== null &&
    (decisions.some(({ path }) => pathText(path) === pathText(hba)) || (change === null && rulesNow !== null));
  const declared = touchesRules ? rulesNow : null;
  const remaining: Problem[] = [];
  const proven: string[] = [];
  const unloaded: string[] = [];
  for (const name of names) {
    const [old, now] = [was.members[name], is.members[name]];
    if (arrival.has(name)) continue;
    if (now === undefined) remaining.push(unseen(name, 'It runs, and does not let the agent in.'));
    // One that is new since S has nothing to go back to.
    if (old === undefined || now === undefined) continue;
    const wrong = [...scope].filter((setting) => old.settings[setting] !== now.settings[setting]);
    remaining.push(...wrong.map((setting) => settingProblem(name, setting, before.facts.contexts[setting])));
    const rules = declared === null ? old.hba : bareRules(declared.join('\n'));
    const otherRules = touchesRules && rules !== now.hba;
    if (otherRules) remaining.push(rulesProblem(name));
    if (wrong.length === 0 && !otherRules) proven.push(name);
    if (otherRules || wrong.some((setting) => before.facts.contexts[setting] !== 'postmaster' || !waiting.has(name)))
      unloaded.push(name);
  }
  const what = [...(scope.size > 0 ? ['settings'] : []), ...(touchesRules ? ['rules of pg_hba.conf'] : [])].join(
    ' and ',
  );
  return {
    remaining,
    unloaded,
    lines:
      proven.length === 0 || what === ''
        ? []
        : [`members ${proven.join(', ')}: ${what} as they should be, seen on new connections`],
  };
}

function settingProblem(member: string, name: string, context: string | undefined): Problem {
  if (context === 'postmaster')
    return {
      code: 'needs-restart',
      message: `setting "${name}" needs a restart of member ${member} to be as before`,
      hint: 'Restart it through its owner, or let the change or the policy allow it.',
    };
  return {
    code: 'setting-not-restored',
    message: `setting "${name}" is not as before on member ${member}`,
    hint: 'Look for what else sets it there, such as ALTER SYSTEM or its own configuration.',
  };
}

function rulesProblem(member: string): Problem {
  return {
    code: 'rules-not-restored',
    message: `pg_hba.conf of member ${member} does not hold the rules that it should`,
    hint: 'Its own configuration may outrank what is declared, or its owner left the file as it was: put the rules back there.',
  };
}
