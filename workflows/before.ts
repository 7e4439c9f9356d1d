/** Stages 1 to 4, up to the arming: every "no" in here leaves the target as it was. */
import { patched, workflowInfo } from '@temporalio/workflow';
import type { Snapshotted } from '../activities/contract.ts';
import { hopelessApprovals, isApproved, missingApprovals, missingText, stillApproved } from '../domain/approvals.ts';
import { locationsOf, type AdmittedChange } from '../domain/admitted.ts';
import type { Policy } from '../domain/change.ts';
import type { Risk } from '../domain/phase.ts';
import {
  type RiskReason,
  classed,
  defaultClasses,
  greatestRisk,
  refusalsOf,
  underPolicy,
  unseenReason,
} from '../domain/plan/risk.ts';
import type { Problem } from '../domain/problem.ts';
import { endOf } from './answers.ts';
import { rulesOf } from './approval-rules.ts';
import { arm, type Before } from './arming.ts';
import { setRedBystandersAside } from './bystanders.ts';
import type { Operators } from './decisions.ts';
import { firstOf, problemOf, rejected, type End } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import { callerOf } from './caller.ts';
import { withdrawApprovals } from './recording.ts';
import { rehearse } from './rehearsing.ts';
import { admission, agent, agentPresence, applying, orchestrator, probe } from './steps.ts';
import { tell } from './telling.ts';
import { untilDeadline } from './waiting.ts';

/** How often a configuration that keeps moving is planned anew before the change is given up. */
const mostTries = 3;

export async function untilArmed(flow: Flow, operators: Operators): Promise<Before> {
  const admitted = await admit(flow);
  if ('outcome' in admitted) return { kind: 'end', end: admitted };
  for (let tries = 1; tries <= mostTries; tries++) {
    const taken = await snapshot(flow, admitted, tries);
    if ('outcome' in taken) return { kind: 'end', end: taken };
    // After a Reset the journal is open already: this run takes the change over, nothing before it counts again.
    const resumed = taken.journal !== null;
    if (!resumed) {
      const no = (await baseline(flow, admitted)) ?? (await preflight(flow, admitted, taken)) ?? null;
      if (no) return { kind: 'end', end: no };
      const refused = await approve(flow, operators, admitted);
      if (refused) return { kind: 'end', end: refused };
    }
    const armed = await arm(flow, operators, admitted, taken);
    if (armed !== 'again') return armed;
  }
  const summary = `the configuration moved on ${mostTries} times while the change was being prepared; nothing was touched`;
  return { kind: 'end', end: { outcome: 'aborted', reason: 'moved-too-often', summary, problems: [] } };
}

async function admit(flow: Flow): Promise<AdmittedChange | End> {
  const { request } = flow;
  const { workflowId, runId } = workflowInfo();
  enter(flow, 'snapshot', `change ${request.changeId} of target ${request.target} was requested`);
  // Asked at the same time: a missing agent is said after five seconds, a wrong request at once.
  const presence = agentPresence(request.target)
    .ping({ target: request.target })
    .then(
      () => null,
      (error: unknown) => error,
    );
  const answer = await admission('read the request, and wait for its turn').admit({
    request,
    workflowId,
    runId,
    lookOnly: false,
  });
  if (answer.kind === 'refused') return rejected('invalid-request', firstOf(answer.problems), answer.problems);
  const absent = await presence;
  if (absent !== null) {
    // What `admit` has opened in the store is to be closed there; workflows of 0.1.0 ended without.
    if (patched('record-no-agent')) flow.change = answer.change;
    const problem: Problem = {
      code: 'no-agent',
      message: `no agent answers for target ${request.target}`,
      detail: `${problemOf(absent).message}.`,
      hint: 'Start it on the database host: knowngood agent --agent-config /etc/knowngood/agent.yaml.',
    };
    return rejected('no-agent', problem.message, [problem]);
  }
  flow.change = answer.change;
  for (const line of [...answer.change.notes, ...(answer.change.warnings ?? [])]) note(flow, line);
  const canTell = answer.change.checks.some((check) => check.level === 'required');
  if (!canTell && !answer.change.policy.requireConfirm) {
    const problem: Problem = {
      code: 'no-required-check',
      message: `no required check watches target ${request.target}`,
      detail: 'Nothing could tell whether the change is healthy.',
      hint: 'Add a dependent with a required check to knowngood.yaml, or let a person confirm (--require-confirm).',
    };
    return rejected('preflight-refused', problem.message, [problem]);
  }
  return answer.change;
}

async function snapshot(flow: Flow, change: AdmittedChange, tries: number): Promise<Snapshotted | End> {
  if (tries > 1) enter(flow, 'snapshot', 'the configuration has moved on: a new snapshot');
  // Includes a look at every file and the store's answer, hence longer than a plain step.
  const steps = applying(change.target, 60_000, `snapshot the known-good configuration of ${change.target}`);
  const taken = await steps.snapshot({ ...callerOf(flow), lookOnly: false });
  switch (taken.kind) {
    case 'busy': {
      const { changeId, phase } = taken.holder;
      const problem: Problem = {
        code: 'target-busy',
        message: `target ${change.target} has an open change`,
        detail: `${changeId} is in phase ${phase}.`,
        hint: `See knowngood status ${change.target}; wait for it, or abort it.`,
      };
      return rejected('target-busy', `${problem.message}: ${changeId}`, [problem]);
    }
    case 'closed':
      return endOf(taken);
    case 'refused':
      return rejected('target-refused', firstOf(taken.problems), taken.problems);
    case 'snapshotted':
      break;
    default:
      return taken satisfies never;
  }
  flow.snapshots.before = taken.snapshotId;
  if (taken.dirty.length > 0 && !change.policy.allowDirty && taken.journal === null)
    return rejected('target-dirty', `not known-good: ${firstOf(taken.dirty)}`, taken.dirty);
  for (const problem of taken.dirty) note(flow, `allowed although not clean: ${problem.message}`);
  return taken;
}

async function baseline(flow: Flow, change: AdmittedChange): Promise<End | null> {
  enter(flow, 'baseline', `snapshot ${flow.snapshots.before?.slice(0, 12)} is stored; measuring the dependents`);
  const answers = await Promise.all(
    locationsOf(change).map((location) =>
      probe(location, `are the dependents healthy now (${location})`).baseline({
        target: change.target,
        changeId: change.changeId,
        checks: change.checks.filter((check) => check.location === location),
      }),
    ),
  );
  flow.progress = answers.flatMap((answer) => answer.progress);
  flow.evidence.baseline = flow.progress;
  setRedBystandersAside(flow);
  const red = answers.flatMap((answer) => answer.red).filter((verdict) => verdict.kind !== 'healthy');
  if (red.length === 0) return null;
  if (change.policy.allowRedBaseline) {
    flow.ignore = red.map((verdict) => verdict.check);
    note(flow, `red before the change, so not counted: ${flow.ignore.join(', ')}`);
    return null;
  }
  const problems = red.map((verdict) => ({
    code: 'baseline-red',
    message: `check ${verdict.check} is red before the change`,
    detail: `${verdict.why}.`,
    hint: 'Mend the dependent first, or pass --allow-red-baseline: the check then neither triggers nor masks a revert.',
  }));
  return rejected('baseline-red', firstOf(problems), problems);
}

async function preflight(flow: Flow, change: AdmittedChange, taken: Snapshotted): Promise<End | null> {
  enter(flow, 'preflight', 'the dependents are healthy; working out what the change will do');
  const { policy, concerns = [], access } = change;
  // Of changes that an earlier version admitted.
  const { risk: classes = defaultClasses } = policy as Partial<Policy>;
  const isCommand = change.changeKind === 'command';
  if (change.changeKind === 'external' || (isCommand && !patched('plan-a-command'))) {
    // What it will do nobody knows beforehand; its effect is seen at `applied`.
    const reasons = [unseenReason(isCommand ? `command ${change.what}` : 'a pipeline'), ...concerns];
    return byRisk(flow, policy, greatestRisk(reasons, classes), classed(reasons, classes));
  }
  const planned = await agent(change.target, 'plan the change').plan({
    ...callerOf(flow),
    snapshotId: taken.snapshotId,
    request: flow.request,
    ...(access === undefined ? {} : { access }),
    ...(policy.neverReopen === undefined ? {} : { neverReopen: policy.neverReopen }),
  });
  if (planned.kind === 'refused') return rejected('preflight-refused', firstOf(planned.problems), planned.problems);
  const plan = underPolicy(planned.plan, classes, concerns);
  if (!stillApproved(flow.plan, plan)) withdrawApprovals(flow, 'the plan has changed since');
  flow.plan = plan;
  const refused = byRisk(flow, policy, plan.risk, plan.reasons ?? []);
  if (refused !== null || isCommand || !patched('rehearsed')) return refused;
  return rehearse(flow, change, taken, plan);
}

/** An approval may have come when the window was over. */
async function windowClosed(flow: Flow, { policy }: AdmittedChange): Promise<End | null> {
  const { windows = [], risk: classes = defaultClasses } = policy as Partial<Policy>;
  if (windows.length === 0 || classes.outsideWindow !== 'refused') return null;
  const { workflowId, runId } = workflowInfo();
  const asked = { request: flow.request, workflowId, runId, lookOnly: true };
  const answer = await orchestrator('is the change window still open').admit(asked);
  const concerns = answer.kind === 'admitted' ? (answer.change.concerns ?? []) : [];
  const problems = refusalsOf({ reasons: classed(concerns, classes) }).filter(({ code }) => code === 'outside-window');
  return problems.length === 0 ? null : rejected('preflight-refused', firstOf(problems), problems);
}

function byRisk(flow: Flow, policy: Policy, risk: Risk, reasons: readonly RiskReason[]): End | null {
  if (risk !== 'refused') {
    flow.approvalsNeeded = policy.approvals[risk];
    flow.approvalRisk = risk;
    const hopeless = hopelessApprovals(rulesOf(flow));
    return hopeless === null ? null : rejected('preflight-refused', firstOf([hopeless]), [hopeless]);
  }
  const problems = refusalsOf({ reasons });
  return rejected('preflight-refused', firstOf(problems), problems);
}

/** What is asked of them beyond their number; '' where that is all. */
function conditions(flow: Flow): string {
  const { signed = false, ...rules } = rulesOf(flow);
  const { groups } = missingApprovals(rules, flow.approvals);
  const words = [...(groups.length === 0 ? [] : [missingText({ people: 0, groups })]), ...(signed ? ['signed'] : [])];
  return words.length === 0 ? '' : `: ${words.join('; ')}`;
}

async function approve(flow: Flow, operators: Operators, change: AdmittedChange): Promise<End | null> {
  const enough = (): boolean => isApproved(rulesOf(flow), flow.approvals);
  if (enough()) return null;
  enter(flow, 'approve', `waiting for ${flow.approvalsNeeded} approval(s)${conditions(flow)}`, {
    inMs: change.policy.approvalExpireMs,
    then: 'the change is rejected, nothing is touched',
  });
  tell(flow, 'approval-wanted');
  const inTime = await untilDeadline(flow, () => enough() || operators.rejected !== null, 'approval expires');
  const { rejected: no } = operators;
  if (no) return rejected('rejected-by-operator', `rejected by ${no.who}${no.why ? `: ${no.why}` : ''}`);
  if (!inTime) return rejected('approval-expired', 'nobody approved the change in time; nothing was touched');
  const late = await windowClosed(flow, change);
  if (late !== null) return late;
  // Time has passed: what was healthy before the approval may not be any more.
  return baseline(flow, change);
}
