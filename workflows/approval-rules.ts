/** By which rules a guarded change is approved, and what its revert holds back is opened again. */
import { approvalRules } from '../domain/approval-rules.ts';
import type { ApprovalRules } from '../domain/approvals.ts';
import type { Approval } from '../domain/view.ts';
import type { Flow } from './flow.ts';

export function rulesOf(flow: Flow): ApprovalRules {
  const { change, request, plan, held, approvalsNeeded, approvalRisk } = flow;
  const asked = {
    policy: change?.policy ?? null,
    requestedBy: change?.requestedBy ?? '',
    target: request.target,
    changeId: request.changeId,
    approvers: change?.approvers,
  };
  if (held === null)
    return approvalRules({ ...asked, risk: approvalRisk, needed: approvalsNeeded, planHash: plan?.hash ?? null });
  const approvedBy = change?.policy.neverReopen?.approvedBy ?? null;
  const needed = approvedBy === null ? Math.max(1, change?.policy.approvals.high ?? 1) : 1;
  const rules = approvalRules({ ...asked, risk: 'high', needed, planHash: held.hash });
  return approvedBy === null ? rules : { ...rules, groups: { [approvedBy]: 1 } };
}

/** Of what is asked now. */
export function approvalsOf({ held, approvals, reopenApprovals }: Flow): Approval[] {
  return held === null ? approvals : reopenApprovals;
}
