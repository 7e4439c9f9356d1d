/** By which rules people approve: those of the policy, for the risk that it turned out to have. One for all that is approved. */
import { type ApprovalRules, isApproved, missingApprovals } from './approvals.ts';
import type { Approver } from './approvers.ts';
import type { Policy } from './change.ts';
import type { Approval, ApprovalsView } from './view.ts';

export interface Approvable extends Pick<
  ApprovalRules,
  'needed' | 'requestedBy' | 'changeId' | 'planHash' | 'approveWith'
> {
  readonly target: string;
  /** null: not known yet. */
  readonly policy: Pick<Policy, 'approvals' | 'fourEyes'> | null;
  /** The class by which approvals are asked for; null: not known yet. */
  readonly risk: 'low' | 'high' | null;
  /** undefined: anybody. */
  readonly approvers: readonly Approver[] | undefined;
}

export function approvalRules({ policy, risk, approvers, ...asked }: Approvable): ApprovalRules {
  // Absent in changes that an earlier version admitted.
  const { groups, signed } = policy?.approvals ?? {};
  const own = risk === null ? {} : (groups?.[risk] ?? {});
  const mustSign = asked.needed > 0 && (signed === 'always' || (signed === 'high' && risk === 'high'));
  return {
    ...asked,
    fourEyes: policy?.fourEyes ?? true,
    ...(Object.keys(own).length === 0 ? {} : { groups: own }),
    ...(mustSign ? { signed: true } : {}),
    ...(approvers === undefined ? {} : { approvers }),
  };
}

export function approvalsView(rules: ApprovalRules, given: readonly Approval[]): ApprovalsView {
  const { needed, signed } = rules;
  return {
    needed,
    given,
    ...(signed ? { signed } : {}),
    ...(isApproved(rules, given) ? {} : { missing: missingApprovals(rules, given) }),
  };
}
