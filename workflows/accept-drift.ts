/**
 * Makes the live configuration of a target the known-good one. Nothing is written to the target.
 *
 *   1 look       what differs from known-good; a server that is dirty or has an open change is refused
 *   2 baseline   known-good is only what was seen while every required check passed
 *   3 approve    by as many people as the policy asks for at this risk, bound to the snapshot
 *   4 recheck    still the same snapshot, still healthy
 *   5 accepted   recorded in the store with who and why
 */
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  currentUpdateInfo,
  defineQuery,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DriftTerms } from '../activities/drift-contract.ts';
import { type ApprovalRules, refuseApproval, refuseApprover } from '../domain/approvals.ts';
import {
  type AcceptOutcome,
  type AcceptPhase,
  type AcceptRequest,
  type AcceptResult,
  type AcceptView,
  acceptDetails,
  acceptReasons,
  approvalsNeeded,
} from '../domain/drift/acceptance.ts';
import type { Drift } from '../domain/drift/drift.ts';
import { type OperatorInput, isProblem, parseOperatorInput } from '../domain/operator-input.ts';
import { greatestRisk, refusalsOf } from '../domain/plan/risk.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import { claimsOf, formProblem } from '../domain/request-form.ts';
import type { Approval } from '../domain/view.ts';
import { looking } from './drift-steps.ts';
import { firstOf, problemOf } from './ending.ts';
import { operatorUpdates } from './messages.ts';
import { orchestrator, probe } from './steps.ts';
import { awayOr, openChange } from './watch-drift.ts';

const acceptView = defineQuery<AcceptView>('view');

const descriptions = {
  approve:
    'Let the live configuration become known-good. Argument: nothing, or "name: reason", for example "Kim: seen the diff".',
  reject: 'Leave known-good what it is. Argument: "name: reason".',
} as const;

type Word = keyof typeof descriptions;

/** What of a target is to become known-good. */
interface Candidate {
  readonly snapshotId: string;
  /** null: there is nothing to compare it with. */
  readonly drift: Drift | null;
}

interface Acceptance extends Omit<{ -readonly [key in keyof AcceptView]: AcceptView[key] }, 'approvals'> {
  readonly approvals: { needed: number; readonly given: Approval[] };
}

interface End {
  readonly outcome: AcceptOutcome;
  readonly summary: string;
  readonly problems?: readonly Problem[];
}

export async function acceptDrift(request: AcceptRequest): Promise<AcceptResult> {
  const wrong = formProblem(request, ['target', 'acceptId']);
  if (wrong) throw ApplicationFailure.nonRetryable(wrong.message, 'InvalidRequest', wrong);
  const flow = openAcceptance(request);
  listen(flow);
  enter(flow, 'look');
  const end = await run(flow).catch((error: unknown): End => {
    const problem = awayOr(flow.target, problemOf(error));
    // Who cancels it wants it to end as cancelled.
    if (problem.code === 'cancelled') throw error;
    return { outcome: 'refused', summary: problem.message, problems: [problem] };
  });
  flow.result = {
    target: flow.target,
    acceptId: flow.acceptId,
    outcome: end.outcome,
    summary: end.summary,
    problems: end.problems ?? [],
    snapshotId: end.outcome === 'accepted' ? flow.snapshotId : null,
    approvals: flow.approvals.given,
  };
  enter(flow, 'closed');
  await condition(allHandlersFinished);
  return flow.result;
}

async function run(flow: Acceptance): Promise<End> {
  const { target, acceptId, requestedBy, reason } = flow;
  const terms = await orchestrator('what is known-good, and who must get in').driftTerms({ target });
  if (terms.kind === 'refused') return refused(terms.problems);
  const candidate = await look(target, terms);
  if ('outcome' in candidate) return candidate;
  flow.drift = candidate.drift;
  flow.snapshotId = candidate.snapshotId;
  const risky = judge(flow, terms);
  if (risky !== null) return risky;
  const red = (await baseline(flow, terms)) ?? (await approve(flow, terms));
  if (red !== null) return red;
  enter(flow, 'recheck');
  // Time has passed, and what is live may have moved on: the terms may have, too.
  const now = await orchestrator('what is known-good by now').driftTerms({ target });
  if (now.kind === 'refused') return refused(now.problems);
  const again = await look(target, now);
  if ('outcome' in again) return again;
  if (again.snapshotId !== candidate.snapshotId || now.question?.knownGoodId !== terms.question?.knownGoodId)
    return {
      outcome: 'moved',
      summary: 'the configuration is not any more what was approved; known-good stays what it is',
      problems: [{ code: 'moved', message: 'the live configuration has moved on', hint: 'Ask for it again.' }],
    };
  const { approvals, snapshotId } = { approvals: flow.approvals.given, snapshotId: again.snapshotId };
  if (flow.approvals.needed > 0) {
    const late = await baseline(flow, terms);
    if (late !== null) return late;
  }
  const acceptance = { target, acceptId, snapshotId, requestedBy, reason, approvals };
  await orchestrator('make it known-good').acceptSnapshot(acceptance);
  return { outcome: 'accepted', summary: `snapshot ${snapshotId.slice(0, 12)} is known-good now` };
}

/** Stored by the agent in any case: what becomes known-good must be there to go back to. */
async function look(target: string, { question, access }: DriftTerms): Promise<Candidate | End> {
  const caller = { target, changeId: 'look', runId: workflowInfo().runId };
  const seen =
    question === null
      ? await looking(target).snapshot({ ...caller, lookOnly: true })
      : await looking(target).drift({ ...caller, ...question, access, known: null, keep: true });
  switch (seen.kind) {
    case 'busy': {
      const problem = openChange(target, seen.holder);
      return { outcome: 'busy', summary: problem.message, problems: [problem] };
    }
    case 'refused':
      return refused(seen.problems);
    case 'clean':
      return { outcome: 'nothing', summary: 'the live configuration is the known-good one already' };
    case 'closed':
      return { outcome: 'refused', summary: 'the agent answered for a closed change' };
    case 'snapshotted':
    case 'drifted':
      // Known-good is what runs as its files say, and would start again.
      if (seen.dirty.length > 0)
        return { outcome: 'refused', summary: `not known-good: ${firstOf(seen.dirty)}`, problems: seen.dirty };
      return { snapshotId: seen.snapshotId, drift: seen.kind === 'drifted' ? seen : null };
    default:
      return seen satisfies never;
  }
}

function judge(flow: Acceptance, { policy, checks }: DriftTerms): End | null {
  flow.reasons = acceptReasons(flow.drift, policy);
  flow.risk = greatestRisk(flow.reasons, policy.risk);
  flow.fourEyes = policy.fourEyes;
  if (flow.risk === 'refused') return refused(refusalsOf(flow));
  flow.approvals.needed = approvalsNeeded(flow.risk, policy, checks);
  return null;
}

async function baseline(flow: Acceptance, { checks }: DriftTerms): Promise<End | null> {
  if (flow.phase === 'look') enter(flow, 'baseline');
  const locations = [...new Set(checks.map(({ location }) => location))].sort();
  const answers = await Promise.all(
    locations.map((location) =>
      probe(location, `are the dependents healthy with it (${location})`).baseline({
        target: flow.target,
        changeId: flow.acceptId,
        checks: checks.filter((check) => check.location === location),
      }),
    ),
  );
  const red = answers.flatMap((answer) => answer.red).filter((verdict) => verdict.kind !== 'healthy');
  if (red.length === 0) return null;
  return refused(
    red.map((verdict) => ({
      code: 'baseline-red',
      message: `check ${verdict.check} is red with this configuration`,
      detail: `${verdict.why}.`,
      hint: 'Known-good is only what was seen while every required check passed.',
    })),
  );
}

async function approve(flow: Acceptance, { policy }: DriftTerms): Promise<End | null> {
  const { approvals } = flow;
  const enough = (): boolean => approvals.given.length >= approvals.needed;
  if (enough()) return null;
  flow.deadlineAt = Date.now() + policy.approvalExpireMs;
  enter(flow, 'approve');
  const decided = (): boolean => enough() || flow.rejected !== null;
  const inTime = await condition(decided, policy.approvalExpireMs, { summary: 'approval expires' });
  flow.deadlineAt = null;
  const { rejected: no } = flow;
  if (no) return { outcome: 'rejected', summary: `rejected by ${no.who}${no.why === '' ? '' : `: ${no.why}`}` };
  return inTime ? null : { outcome: 'expired', summary: 'nobody approved it in time; known-good stays what it is' };
}

function listen(flow: Acceptance): void {
  setHandler(acceptView, () => flow, { description: 'The state of this acceptance as JSON.' });
  for (const word of Object.keys(descriptions) as Word[]) {
    setHandler(
      operatorUpdates[word],
      async (input?: unknown) => {
        const refusal = await act(flow, word, input);
        if (refusal) throw ApplicationFailure.nonRetryable(inWords(refusal), refusal.code, refusal);
        show(flow);
        return `${word}: recorded`;
      },
      {
        description: descriptions[word],
        validator: (input?: unknown) => {
          const refusal = refuse(flow, word, input);
          if (refusal) throw new Error(inWords(refusal));
        },
      },
    );
  }
}

function refuse(flow: Acceptance, word: Word, input: unknown): Problem | null {
  const parsed = parseOperatorInput(input);
  if (isProblem(parsed)) return parsed;
  if (flow.phase !== 'approve') return wrongPhase(flow, word);
  return word === 'approve' ? refuseApproval(rulesOf(flow), parsed) : null;
}

async function act(flow: Acceptance, word: Word, input: unknown): Promise<Problem | null> {
  const parsed = parseOperatorInput(input) as OperatorInput;
  const { workflowId } = workflowInfo();
  const origin = { workflowId, updateId: currentUpdateInfo()?.id ?? '' };
  const sender = await orchestrator('read who sent it').claimedIdentity(origin);
  // The wait for the sender's identity may have outlived the phase.
  if (flow.phase !== 'approve') return wrongPhase(flow, word);
  if (sender.reapplied) return { code: 'approval-stale', message: 'this was said before a Reset: say it again' };
  const spoken = { who: parsed.who ?? sender.identity ?? 'an operator', why: parsed.why };
  if (word === 'reject') {
    flow.rejected = spoken;
    return null;
  }
  const approval = { ...spoken, claim: sender.identity, at: Date.now() };
  const refusal = refuseApprover(rulesOf(flow), flow.approvals.given, approval);
  if (refusal === null) flow.approvals.given.push(approval);
  return refusal;
}

function rulesOf({ approvals, fourEyes, requestedBy, acceptId, snapshotId }: Acceptance): ApprovalRules {
  return { needed: approvals.needed, fourEyes, requestedBy, changeId: acceptId, planHash: snapshotId };
}

function wrongPhase({ phase }: Acceptance, word: Word): Problem {
  return { code: 'wrong-phase', message: `${word} has no effect in phase ${phase}` };
}

function refused(problems: readonly Problem[]): End {
  return { outcome: 'refused', summary: firstOf(problems), problems };
}

function openAcceptance(request: AcceptRequest): Acceptance {
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
    approvals: { needed: 0, given: [] },
    fourEyes: true,
    rejected: null,
    result: null,
  };
}

const phaseAttribute = defineSearchAttributeKey('KnowngoodPhase', SearchAttributeType.KEYWORD);
const targetAttribute = defineSearchAttributeKey('KnowngoodTarget', SearchAttributeType.KEYWORD);
const riskAttribute = defineSearchAttributeKey('KnowngoodRisk', SearchAttributeType.KEYWORD);

/** As a guarded change names its phases, so that one list shows all that waits for approval. */
function enter(flow: Acceptance, phase: AcceptPhase): void {
  flow.phase = phase;
  show(flow);
  upsertSearchAttributes([
    { key: phaseAttribute, value: phase },
    { key: targetAttribute, value: flow.target },
    { key: riskAttribute, value: flow.risk },
  ]);
}

function show(flow: Acceptance): void {
  setCurrentDetails(acceptDetails(flow));
}
