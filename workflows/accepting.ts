/** One acceptance as its workflow carries it: what is known so far, and how a new phase is made known. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { DriftTerms } from '../activities/drift-contract.ts';
import { approvalRules, approvalsView } from '../domain/approval-rules.ts';
import type { ApprovalRules } from '../domain/approvals.ts';
import {
  type AcceptPhase,
  type AcceptRequest,
  type AcceptView,
  acceptDetails,
  approveAcceptanceWith,
} from '../domain/drift/acceptance.ts';
import { claimsOf } from '../domain/request-form.ts';
import { phaseAttribute, riskAttribute, targetAttribute } from '../domain/search-attributes.ts';
import type { Approval } from '../domain/view.ts';

type Shown = Omit<AcceptView, 'approvals' | 'fourEyes'>;

export interface Acceptance extends Readonly<Pick<Shown, 'target' | 'acceptId' | 'requestedBy' | 'reason'>> {
  phase: Shown['phase'];
  deadlineAt: Shown['deadlineAt'];
  snapshotId: Shown['snapshotId'];
  drift: Shown['drift'];
  risk: Shown['risk'];
  reasons: Shown['reasons'];
  rejected: Shown['rejected'];
  result: Shown['result'];
  /** As they were when it began: policy and approvers among them. null: not known yet. */
  terms: DriftTerms | null;
  approvalsNeeded: number;
  readonly approvals: Approval[];
  /** People are being told that it waits for them; null: nobody was asked. */
  asked: Promise<void> | null;
}

export function openAcceptance(request: AcceptRequest): Acceptance {
  const { requestedBy, reason } = claimsOf(request);
  return {
    target: request.target,
    acceptId: request.acceptId,
    requestedBy,
    reason,
    phase: 'look',
    deadlineAt: null,
    snapshotId: null,
    drift: null,
    risk: null,
    reasons: [],
    rejected: null,
    result: null,
    terms: null,
    approvalsNeeded: 0,
    approvals: [],
    asked: null,
  };
}

/** Those of a guarded change of the same risk, bound to the snapshot instead of a plan. */
export function rulesOf(flow: Acceptance): ApprovalRules {
  const { terms, risk } = flow;
  return approvalRules({
    policy: terms?.policy ?? null,
    risk: risk === 'refused' ? null : risk,
    needed: flow.approvalsNeeded,
    requestedBy: flow.requestedBy,
    target: flow.target,
    changeId: flow.acceptId,
    planHash: flow.snapshotId,
    approvers: terms?.approvers,
    approveWith: approveAcceptanceWith,
  });
}

export function viewOf(flow: Acceptance): AcceptView {
  const rules = rulesOf(flow);
  return {
    target: flow.target,
    acceptId: flow.acceptId,
    requestedBy: flow.requestedBy,
    reason: flow.reason,
    phase: flow.phase,
    deadlineAt: flow.deadlineAt,
    snapshotId: flow.snapshotId,
    drift: flow.drift,
    risk: flow.risk,
    reasons: flow.reasons,
    approvals: approvalsView(rules, flow.approvals),
    fourEyes: rules.fourEyes,
    rejected: flow.rejected,
    result: flow.result,
  };
}

/** As a guarded change names its phases, so that one list shows all that waits for approval. */
export function enter(flow: Acceptance, phase: AcceptPhase): void {
  flow.phase = phase;
  show(flow);
  upsertSearchAttributes([
    { key: phaseAttribute, value: phase },
    { key: targetAttribute, value: flow.target },
    { key: riskAttribute, value: flow.risk },
  ]);
}

export function show(flow: Acceptance): void {
  setCurrentDetails(acceptDetails(viewOf(flow)));
}
