/** By which rules a guarded change is approved. */
import { approvalRules } from '../domain/approval-rules.ts';
import type { ApprovalRules } from '../domain/approvals.ts';
import type { Flow } from './flow.ts';

export function rulesOf({ change, request, plan, approvalsNeeded, approvalRisk }: Flow): ApprovalRules {
  return approvalRules({
    policy: change?.policy ?? null,
    risk: approvalRisk,
    needed: approvalsNeeded,
    requestedBy: change?.requestedBy ?? '',
    target: request.target,
    changeId: request.changeId,
    planHash: plan?.hash ?? null,
    approvers: change?.approvers,
  });
}
