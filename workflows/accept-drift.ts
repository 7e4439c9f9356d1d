/**
 * Makes the live configuration of a target the known-good one. Nothing is written to the target.
 *
 *   1 look       what differs from known-good; a server that is dirty or has an open change is refused
 *   2 baseline   known-good is only what was seen while every required check passed
 *   3 approve    by the people whom the policy asks for at this risk, bound to the snapshot
 *   4 recheck    still the same snapshot, still healthy, and nobody else loses access by it
 *   5 accepted   recorded in the store with who and why
 */
import { ApplicationFailure, allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type { DriftTerms } from '../activities/drift-contract.ts';
import { hopelessApprovals, isApproved, stillApproved } from '../domain/approvals.ts';
import {
  type AcceptOutcome,
  type AcceptRequest,
  type AcceptResult,
  acceptReasons,
  approvalsNeeded,
} from '../domain/drift/acceptance.ts';
import type { Drift } from '../domain/drift/drift.ts';
import { greatestRisk, refusalsOf } from '../domain/plan/risk.ts';
import type { Problem } from '../domain/problem.ts';
import { formProblem } from '../domain/request-form.ts';
import { listen } from './accept-operators.ts';
import { type Acceptance, enter, openAcceptance, rulesOf } from './accepting.ts';
import { looking } from './drift-steps.ts';
import { firstOf, problemOf } from './ending.ts';
import { orchestrator, probe } from './steps.ts';
import { askPeople, tellOver } from './tell-acceptance.ts';
import { awayOr, openChange } from './watch-drift.ts';

/** What of a target is to become known-good. */
interface Candidate {
  readonly snapshotId: string;
  /** null: there is nothing to compare it with. */
  readonly drift: Drift | null;
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
  const end = await run(flow).catch(async (error: unknown): Promise<End> => {
    const problem = awayOr(flow.target, problemOf(error));
    // Who cancels it wants it to end as cancelled.
    if (problem.code === 'cancelled') {
      await tellOver(flow, 'it was cancelled');
      throw error;
    }
    return { outcome: 'refused', summary: problem.message, problems: [problem] };
  });
  flow.result = {
    target: flow.target,
    acceptId: flow.acceptId,
    outcome: end.outcome,
    summary: end.summary,
    problems: end.problems ?? [],
    snapshotId: end.outcome === 'accepted' ? flow.snapshotId : null,
    approvals: flow.approvals,
  };
  enter(flow, 'closed');
  await tellOver(flow, end.summary);
  await condition(allHandlersFinished);
  return flow.result;
}

async function run(flow: Acceptance): Promise<End> {
  const { target, acceptId, requestedBy, reason } = flow;
  const terms = await orchestrator('what is known-good, and who must get in').driftTerms({ target });
  if (terms.kind === 'refused') return refused(terms.problems);
  const candidate = await look(target, terms);
  if ('outcome' in candidate) return candidate;
  flow.terms = terms;
  flow.drift = candidate.drift;
  flow.snapshotId = candidate.snapshotId;
  const risky = judge(flow, terms);
  if (risky !== null) return risky;
  const red = (await baseline(flow, terms)) ?? (await approve(flow, terms));
  if (red !== null) return red;
  enter(flow, 'recheck');
  // Time has passed: the terms may be others by now, and what is live may have moved on. It is looked at last.
  const now = await orchestrator('what is known-good by now').driftTerms({ target });
  if (now.kind === 'refused') return refused(now.problems);
  const late = flow.approvalsNeeded > 0 ? await baseline(flow, now) : null;
  if (late !== null) return late;
  const again = await look(target, now);
  if ('outcome' in again) return again;
  const instead = terms.question?.knownGoodId ?? null;
  if ((now.question?.knownGoodId ?? null) !== instead) return moved(otherKnownGood);
  if (!isStill([candidate, terms], [again, now])) return moved('the live configuration, or whom it hits, has moved on');
  flow.terms = now;
  flow.drift = again.drift;
  const stricter = judge(flow, now);
  if (stricter !== null) return stricter;
  if (!isApproved(rulesOf(flow), flow.approvals)) return moved('who must approve it has changed meanwhile');
  const { approvals } = flow;
  const { snapshotId } = again;
  const acceptance = { target, acceptId, snapshotId, requestedBy, reason, approvals, instead };
  const recorded = await orchestrator('make it known-good').acceptSnapshot(acceptance);
  if (recorded === 'moved') return moved(otherKnownGood);
  if (recorded === 'taken') return taken(acceptId);
  return { outcome: 'accepted', summary: `snapshot ${snapshotId.slice(0, 12)} is known-good now` };
}

function moved(message: string): End {
  return {
    outcome: 'moved',
    summary: 'it is not any more what was approved; known-good stays what it is',
    problems: [{ code: 'moved', message, hint: 'Ask for it again.' }],
  };
}

const otherKnownGood = 'what is known-good has changed meanwhile';

function taken(acceptId: string): End {
  const problem: Problem = {
    code: 'accept-id-taken',
    message: `id "${acceptId}" has accepted another snapshot`,
    hint: 'Ask for it again, under another --id.',
  };
  return refused([problem]);
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

/** As for a plan: what was approved is this snapshot, at this risk, with nobody else who loses access. */
function isStill(before: readonly [Candidate, DriftTerms], after: readonly [Candidate, DriftTerms]): boolean {
  const asPlan = ([{ snapshotId, drift }, { policy }]: typeof before): Parameters<typeof stillApproved>[0] => ({
    hash: snapshotId,
    risk: greatestRisk(acceptReasons(drift, policy), policy.risk),
    ...(drift?.access ? { access: drift.access } : {}),
  });
  return stillApproved(asPlan(before), asPlan(after));
}

function judge(flow: Acceptance, { policy, checks }: DriftTerms): End | null {
  flow.reasons = acceptReasons(flow.drift, policy);
  flow.risk = greatestRisk(flow.reasons, policy.risk);
  if (flow.risk === 'refused') return refused(refusalsOf(flow));
  flow.approvalsNeeded = approvalsNeeded(flow.risk, policy, checks);
  const hopeless = hopelessApprovals(rulesOf(flow));
  return hopeless === null ? null : refused([hopeless]);
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
  const enough = (): boolean => isApproved(rulesOf(flow), flow.approvals);
  if (enough()) return null;
  flow.deadlineAt = Date.now() + policy.approvalExpireMs;
  enter(flow, 'approve');
  askPeople(flow);
  const decided = (): boolean => enough() || flow.rejected !== null;
  const inTime = await condition(decided, policy.approvalExpireMs, { summary: 'approval expires' });
  flow.deadlineAt = null;
  const { rejected: no } = flow;
  if (no) return { outcome: 'rejected', summary: `rejected by ${no.who}${no.why === '' ? '' : `: ${no.why}`}` };
  return inTime ? null : { outcome: 'expired', summary: 'nobody approved it in time; known-good stays what it is' };
}

function refused(problems: readonly Problem[]): End {
  return { outcome: 'refused', summary: firstOf(problems), problems };
}
