/** One guarded change as the workflow carries it: what is known so far, and how a new phase is made known. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { ReportDetails } from '../activities/contract.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import { approvalsView } from '../domain/approval-rules.ts';
import type { Attribution } from '../domain/access/attribution.ts';
import type { ChangeRequest } from '../domain/change.ts';
import type { CheckProgress } from '../domain/check.ts';
import { currentDetails } from '../domain/details/details.ts';
import { shorten } from '../domain/markdown.ts';
import type { NoticeKind, Severity } from '../domain/notify/notice.ts';
import type { HeldBack } from '../domain/never-reopen.ts';
import type { Outcome, Phase } from '../domain/phase.ts';
import type { PlanSummary } from '../domain/plan.ts';
import type { Problem } from '../domain/problem.ts';
import { claimsOf, type Claims } from '../domain/request-form.ts';
import { outcomeAttribute, phaseAttribute, riskAttribute, targetAttribute } from '../domain/search-attributes.ts';
import type { ChangeResult, DependentsAfter, ReasonCode, TimelineEntry } from '../domain/result.ts';
import type { Approval, ChangeView } from '../domain/view.ts';
import { approvalsOf, rulesOf } from './approval-rules.ts';
import { possibleNow } from './possible.ts';
import { recordRuling } from './recording.ts';
import type { Ruling } from './ending.ts';

type Writable<T> = { -readonly [key in keyof T]: T[key] };

export interface ToldNotice {
  readonly kind: NoticeKind;
  readonly key: string;
  readonly severity: Severity;
  readonly dependents: readonly string[];
  /** Unix ms: people are called until then, unless somebody acknowledges; null: nobody is called. */
  readonly callsUntil: number | null;
  acknowledgedBy: string;
  isOver: boolean;
}

export interface Flow {
  /** As it was sent: only its two names are sure before `change` is there. */
  readonly request: ChangeRequest;
  readonly claims: Claims;
  change: AdmittedChange | null;
  phase: Phase;
  since: number;
  deadlineAt: number | null;
  /** The latest deadline of this phase that the agent was asked for; an answer may still be on its way. */
  askedDeadlineAt: number | null;
  atDeadline: string;
  plan: PlanSummary | null;
  progress: readonly CheckProgress[];
  /** As the running watch has told: for people, never for a verdict. */
  live: readonly CheckProgress[];
  /** Checks that were red before an overridden baseline: recorded, never deciding. */
  ignore: readonly string[];
  /** Checks that were red before and would end no watch: what they find is nobody's business. */
  aside: readonly string[];
  readonly approvals: Approval[];
  approvalsNeeded: number;
  /** The class by which they are asked for; null: not known yet. */
  approvalRisk: 'low' | 'high' | null;
  readonly snapshots: Writable<ChangeResult['snapshots']>;
  readonly moments: Writable<Omit<ChangeResult['moments'], 'closed'>>;
  commandExitCode: number | null;
  /** It has said `applied` or `failed`, and has nothing more to say. */
  pipelineSpoke: boolean;
  reasonCode: ReasonCode | null;
  why: string;
  outcome: Outcome | null;
  dependents: DependentsAfter;
  remaining: readonly Problem[];
  /** What of it stays closed until somebody who may decides; null: nothing. */
  held: HeldBack | null;
  /** For `held`, as it stands. */
  reopenApprovals: Approval[];
  conflicts: readonly string[];
  /** What the change really did, as the agent saw it right after. */
  seen: PlanSummary | null;
  attribution: readonly Attribution[];
  readonly timeline: TimelineEntry[];
  readonly evidence: Writable<ReportDetails>;
  /** What people were told of it, oldest first. */
  readonly told: ToldNotice[];
  /** Who put it back, where nobody here asked for it. */
  revertedBy: string | null;
  /** From the moment `arm` is sent nobody knows but the agent: every exit goes through the revert. */
  armAttempted: boolean;
  ignoredSignals: number;
  /** Of the last `deadline` sent to the agent. */
  sequence: number;
}

export function openFlow(request: ChangeRequest): Flow {
  const now = Date.now();
  return {
    request,
    claims: claimsOf(request),
    change: null,
    phase: 'snapshot',
    since: now,
    deadlineAt: null,
    askedDeadlineAt: null,
    atDeadline: '',
    plan: null,
    progress: [],
    live: [],
    ignore: [],
    aside: [],
    approvals: [],
    approvalsNeeded: 0,
    approvalRisk: null,
    snapshots: { before: null, change: null, after: null },
    moments: {
      started: now,
      armed: null,
      applied: null,
      firstFailure: null,
      decided: null,
      restored: null,
      recovered: null,
    },
    commandExitCode: null,
    pipelineSpoke: false,
    reasonCode: null,
    why: '',
    outcome: null,
    dependents: 'unaffected',
    remaining: [],
    held: null,
    reopenApprovals: [],
    conflicts: [],
    seen: null,
    attribution: [],
    timeline: [],
    evidence: { baseline: [], watch: [], recovery: [], approvals: [], decisions: [], proof: [], reverted: [] },
    told: [],
    revertedBy: null,
    armAttempted: false,
    ignoredSignals: 0,
    sequence: 0,
  };
}

/** Enters a phase; `deadline` is what silence brings, and when. */
export function enter(
  flow: Flow,
  phase: Phase,
  text: string,
  deadline?: { readonly inMs: number; readonly then: string },
): void {
  const now = Date.now();
  flow.phase = phase;
  flow.since = now;
  flow.deadlineAt = deadline ? now + deadline.inMs : null;
  flow.askedDeadlineAt = flow.deadlineAt;
  flow.atDeadline = deadline?.then ?? '';
  note(flow, text);
  upsertSearchAttributes([
    { key: phaseAttribute, value: phase },
    { key: targetAttribute, value: flow.request.target },
    { key: riskAttribute, value: flow.plan?.risk ?? null },
    { key: outcomeAttribute, value: flow.outcome },
  ]);
}

export function decided(flow: Flow, ruling: Ruling): void {
  flow.moments.decided ??= Date.now();
  flow.reasonCode = ruling.reason;
  flow.why = ruling.why;
  recordRuling(flow, ruling.kind, ruling);
  if (ruling.kind === 'keep') enter(flow, 'confirm', `decided to keep: ${ruling.why}`);
  else enter(flow, 'revert', `decided to revert: ${ruling.why}`);
}

const longestEntry = 300;

/** Adds a line to the timeline, and shows the new state to whoever looks. */
export function note(flow: Flow, text: string): void {
  const entry = { at: Date.now(), phase: flow.phase, text: shorten(text, longestEntry) };
  const last = flow.timeline.at(-1);
  // What repeats itself for hours must not swell the result beyond what Temporal takes.
  if (last?.text !== entry.text || last.phase !== entry.phase) flow.timeline.push(entry);
  show(flow);
}

export function show(flow: Flow): void {
  const view = viewOf(flow);
  setCurrentDetails(
    currentDetails({
      ...view,
      changeKind: flow.claims.changeKind,
      what: flow.change?.what ?? '',
      sinceMs: view.since,
    }),
  );
}

export function viewOf(flow: Flow): ChangeView {
  const { request, claims, change } = flow;
  return {
    target: request.target,
    changeId: request.changeId,
    requestedBy: change?.requestedBy ?? claims.requestedBy,
    reason: change?.reason ?? claims.reason,
    phase: flow.phase,
    since: flow.since,
    deadlineAt: flow.deadlineAt,
    atDeadline: flow.atDeadline,
    plan: flow.plan,
    checks: change?.checks ?? [],
    progress: flow.progress.length > 0 ? flow.progress : flow.live,
    approvals: approvalsView(rulesOf(flow), approvalsOf(flow)),
    snapshots: flow.snapshots,
    reasonCode: flow.reasonCode,
    why: flow.why,
    outcome: flow.outcome,
    remaining: flow.remaining,
    ...(flow.held === null ? {} : { held: flow.held }),
    possible: possibleNow(flow),
    timeline: flow.timeline,
  };
}
