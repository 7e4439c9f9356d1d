/** By which rules a guarded change is approved: of its policy, and of the risk that its plan turned out to have. */
import type { ApprovalRules } from '../domain/approvals.ts';
import type { Flow } from './flow.ts';

export function rulesOf(flow: Flow): ApprovalRules {
  const { change, request, approvalRisk } = flow;
  // Absent in changes that an earlier version admitted.
  const { groups, signed } = change?.policy.approvals ?? {};
  const own = approvalRisk === null ? {} : (groups?.[approvalRisk] ?? {});
  const mustSign = flow.approvalsNeeded > 0 && (signed === 'always' || (signed === 'high' && approvalRisk === 'high'));
  return {
    needed: flow.approvalsNeeded,
    fourEyes: change?.policy.fourEyes ?? true,
    requestedBy: change?.requestedBy ?? '',
    target: request.target,
    changeId: request.changeId,
    planHash: flow.plan?.hash ?? null,
    ...(Object.keys(own).length === 0 ? {} : { groups: own }),
    ...(mustSign ? { signed: true } : {}),
    ...(change?.approvers === undefined ? {} : { approvers: change.approvers }),
  };
}
