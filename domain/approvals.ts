/** Whose approval counts, and when there are enough. */
import type { OperatorInput } from './operator-input.ts';
import type { PlanSummary } from './plan.ts';
import type { Problem } from './problem.ts';
import type { Approval } from './view.ts';

export interface ApprovalRules {
  readonly needed: number;
  readonly fourEyes: boolean;
  readonly requestedBy: string;
  readonly changeId: string;
  /** What approvals are bound to; null for a change whose effect nobody can know beforehand. */
  readonly planHash: string | null;
}

/** Everything that can be told without knowing who sent the request: the Update's validator. */
export function refuseApproval(rules: ApprovalRules, input: OperatorInput): Problem | null {
  if (input.changeId !== null && input.changeId !== rules.changeId)
    return { code: 'wrong-change', message: `this change is ${rules.changeId}, not ${input.changeId}` };
  if (input.planHash !== null && input.planHash !== rules.planHash)
    return {
      code: 'wrong-plan',
      message: 'the plan has changed since it was read',
      detail: `The plan's hash is now ${rules.planHash ?? 'not known'}.`,
      hint: 'Read the current details again and approve what they show.',
    };
  return null;
}

/** What only the sender's identity can tell. A name in the argument adds to the claim, it never replaces it. */
export function refuseApprover(rules: ApprovalRules, given: readonly Approval[], approval: Approval): Problem | null {
  const names = [approval.who, approval.claim].filter((name) => name !== null);
  if (rules.fourEyes && names.some((name) => samePerson(name, rules.requestedBy)))
    return {
      code: 'own-approval',
      message: `${rules.requestedBy} requested this change and cannot approve it`,
      hint: 'Somebody else has to approve it.',
    };
  if (given.some((earlier) => names.some((name) => samePerson(name, earlier.who))))
    return { code: 'approved-already', message: `${approval.who} has approved this plan already` };
  return null;
}

type Approved = Pick<PlanSummary, 'hash' | 'risk' | 'access'>;

/** Approvals outlive a new plan only when the plan is the same, risk included, and nobody else loses access by it. */
export function stillApproved(before: Approved | null, after: Approved | null): boolean {
  if (before?.hash !== after?.hash || before?.risk !== after?.risk) return false;
  const known = new Set(losing(before));
  return losing(after).every((one) => known.has(one));
}

function losing(plan: Approved | null): readonly string[] {
  const { lost = [], unknown = [] } = plan?.access ?? {};
  return [...lost, ...unknown].map(({ user, database, from, tls, need = '' }) =>
    JSON.stringify([user, database, from, tls, need]),
  );
}

function samePerson(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
