/**
 * One change for many targets: a canary, then waves, each target by a guarded change of its own. It reads as the flow:
 *
 *   1 admit   everything is checked and every target planned; every "no" here leaves all of them untouched
 *   2 wave    as many changes open as the plan allows; what has gone wrong is counted      } domain/rollout/state.ts says
 *   3 pause   then the next wave, in a run of its own                                      } what comes next
 *   4 undo    after a halt, where that is the policy: the last that kept it goes first     }
 *   5 report  one over all
 *
 * The children are abandoned when this ends in whatever way: a change ends by its own rules, never because its rollout did.
 * What is to be stopped is aborted by name.
 */
import { TypedSearchAttributes } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { type ChangeRequest, orchestratorQueue, workflowIdOf } from '../domain/change.ts';
import { escapeMarkdown, shorten } from '../domain/markdown.ts';
import type { Problem } from '../domain/problem.ts';
import { formProblem } from '../domain/request-form.ts';
import { pack } from '../domain/rollout/carry.ts';
import { childEnd } from '../domain/rollout/child-end.ts';
import { statesText } from '../domain/rollout/report.ts';
import {
  changeOf,
  longestRolloutId,
  type AdmittedRollout,
  type RolloutOutcome,
  type RolloutRequest,
  type RolloutResult,
  undoIdOf,
} from '../domain/rollout/rollout.ts';
import {
  began,
  type ChildEnd,
  ended,
  lost,
  nextStep,
  openState,
  possibleWords,
  timedOut,
  toNextWave,
} from '../domain/rollout/state.ts';
import { targetAttribute } from '../domain/search-attributes.ts';
import { problemOf } from './ending.ts';
import type { guardedChange } from './guarded-change.ts';
import { announce, become, type Carried, openRolling, type Rolling, say, show } from './rolling.ts';
import { listenToRollout } from './rollout-operators.ts';
import { admitting, awaiting, patiently } from './rollout-steps.ts';

export async function rollout(request: RolloutRequest, carried?: Carried): Promise<RolloutResult> {
  const wrong = formProblem(request, ['rolloutId']) ?? tooLong(request);
  if (wrong) throw ApplicationFailure.nonRetryable(wrong.message, 'InvalidRequest', wrong);
  // Only a run of our own hands anything over: what a client sends in its place is not read.
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  const flow = openRolling(request, isContinued && carried !== undefined ? carried : null);
  listenToRollout(flow);
  show(flow, null);
  heedCancellation(flow);
  return CancellationScope.nonCancellable(async () => {
    const refused = flow.plan === null ? await admit(flow) : null;
    if (refused !== null) return close(flow, 'refused', refused);
    return roll(flow, flow.plan as AdmittedRollout);
  });
}

function tooLong({ rolloutId }: RolloutRequest): Problem | null {
  if (rolloutId.length <= longestRolloutId) return null;
  return { code: 'invalid-value', message: `rolloutId: is longer than ${longestRolloutId} characters` };
}

/** A Cancel is an abort: what is open is reverted, and the rollout sees to that. */
function heedCancellation(flow: Rolling): void {
  CancellationScope.current().cancelRequested.catch(() => {
    if (possibleWords({ ...flow.state, phase: flow.phase() }).includes('abort'))
      say(flow, 'abort', 'a client: cancelled');
  });
}

/** The problems that keep it out; null: it is in. */
async function admit(flow: Rolling): Promise<readonly Problem[] | null> {
  const scope = new CancellationScope();
  const asking = scope.run(() =>
    admitting().admitRollout({ request: flow.request, workflowId: workflowInfo().workflowId }),
  );
  const answer = await Promise.race([
    asking.catch((error: unknown) => ({ kind: 'refused' as const, problems: [problemOf(error)] })),
    condition(() => flow.abortedEarly !== null).then(() => null),
  ]);
  if (answer === null) {
    scope.cancel();
    await asking.catch(() => undefined);
    return [{ code: 'aborted', message: `aborted by ${flow.abortedEarly ?? ''}; nothing was touched` }];
  }
  if (answer.kind === 'refused') return answer.problems;
  flow.plan = answer.rollout;
  become(flow, openState(answer.rollout));
  show(flow, 'admit');
  void announce(flow, 'started');
  return null;
}

async function roll(flow: Rolling, plan: AdmittedRollout): Promise<RolloutResult> {
  // An earlier run has begun them: they are children of nobody any more, and are known by their ids.
  for (const { name, state } of flow.state.targets) {
    if (state === 'running' || state === 'lost')
      void attend(flow, plan, name, () => attached(name, flow.request.rolloutId));
    if (state === 'undoing') void attend(flow, plan, name, () => attached(name, undoIdOf(flow.request.rolloutId)));
  }
  for (;;) {
    const seen = flow.version;
    const step = nextStep(flow.state, plan, Date.now());
    switch (step.kind) {
      case 'start':
      case 'undo':
        become(flow, began(flow.state, step.kind, step.targets));
        for (const name of step.targets)
          void attend(flow, plan, name, () => (step.kind === 'start' ? change(flow, plan, name) : undo(flow, name)));
        break;
      case 'abort':
        become(flow, began(flow.state, 'abort', step.targets));
        for (const name of step.targets) void abort(flow, name);
        break;
      case 'time-out':
        become(flow, timedOut(flow.state, plan, Date.now()));
        break;
      case 'next-wave':
        become(flow, toNextWave(flow.state));
        await handOver(flow, plan);
        break;
      case 'wait': {
        const isNew = (): boolean => flow.version !== seen;
        if (step.until === null) await condition(isNew);
        else await condition(isNew, Math.max(1, step.until - Date.now()), { summary: flow.state.phase });
        // A wave may be larger than a history should be.
        if (workflowInfo().continueAsNewSuggested) await handOver(flow, plan);
        break;
      }
      case 'end':
        return close(flow, step.outcome, []);
      default:
        step satisfies never;
    }
  }
}

/** The history begins anew; what is open goes on, and is known by its id. */
async function handOver(flow: Rolling, plan: AdmittedRollout): Promise<never> {
  await condition(allHandlersFinished);
  const { state, startedAt, told } = flow;
  return continueAsNew<typeof rollout>(flow.request, { plan, state: pack(state), startedAt, told });
}

async function attend(flow: Rolling, plan: AdmittedRollout, name: string, end: () => Promise<ChildEnd>): Promise<void> {
  const answer = await end();
  become(flow, ended(flow.state, name, answer, plan, Date.now()));
}

async function change(flow: Rolling, plan: AdmittedRollout, name: string): Promise<ChildEnd> {
  return child(changeOf(flow.request, name), () => become(flow, lost(flow.state, name, plan, Date.now())));
}

async function undo(flow: Rolling, target: string): Promise<ChildEnd> {
  const { rolloutId, change: own, overrides } = flow.request;
  const restore = await patiently(`what takes ${target} back`).undoOf({ target, changeId: rolloutId });
  if (restore === null)
    return { outcome: 'unknown', reason: null, summary: 'where the change began is not known', red: false };
  return child({
    target,
    changeId: undoIdOf(rolloutId),
    reason: shorten(`undo of rollout ${rolloutId}: ${flow.state.halt?.why ?? 'asked for'}`, 300),
    requestedBy: flow.plan?.requestedBy ?? 'unknown',
    change: { kind: 'config', restore, restart: own.restart ?? 'forbidden' },
    // What the change gave is taken again, and a dependent that is red meanwhile is no reason to leave it in force.
    overrides: { ...overrides, allowAccessLoss: true, allowRedBaseline: true },
  });
}

/** `onLost`: its workflow was ended from outside; how the change ends is asked then. */
async function child(request: ChangeRequest, onLost: () => void = () => undefined): Promise<ChildEnd> {
  const { target, changeId, reason = '' } = request;
  let result;
  try {
    const handle = await startChild<typeof guardedChange>('guardedChange', {
      workflowId: workflowIdOf(target, changeId),
      args: [request],
      taskQueue: orchestratorQueue,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: new TypedSearchAttributes([{ key: targetAttribute, value: target }]),
      staticSummary: `${target}: ${escapeMarkdown(shorten(reason === '' ? 'a rollout' : reason, 200))}`,
    });
    result = handle.result();
  } catch {
    // A Reset has come to it again: an earlier run has begun it.
    return attached(target, changeId);
  }
  try {
    return childEnd(await result);
  } catch {
    // Somebody has reset it: then another run of it goes on.
    if (!(await patiently(`is the change of ${target} still under way`).isUnderWay({ target, changeId }))) onLost();
    return attached(target, changeId);
  }
}

function attached(target: string, changeId: string): Promise<ChildEnd> {
  return awaiting(target).awaitChange({ target, changeId });
}

const abortTries = 10;

async function abort(flow: Rolling, name: string): Promise<void> {
  const { rolloutId } = flow.request;
  const words = { who: `rollout ${rolloutId}`, why: shorten(flow.state.halt?.why ?? '', 400) };
  for (let tries = 1; tries <= abortTries; tries += 1) {
    try {
      await getExternalWorkflowHandle(workflowIdOf(name, rolloutId)).signal('abort', words);
      return;
    } catch {
      // It is not there yet, or any more: the latter is known by its end.
      if (flow.state.targets.find((one) => one.name === name)?.state !== 'running') return;
      await sleep('1 second');
    }
  }
}

async function close(flow: Rolling, outcome: RolloutOutcome, problems: readonly Problem[]): Promise<RolloutResult> {
  const { request, state, plan, startedAt } = flow;
  const phase = flow.phase();
  flow.outcome = outcome;
  const targets = state.targets.map(({ name, wave, state: at, why }) => ({ target: name, wave, state: at, why }));
  const [first] = problems;
  const result: RolloutResult = {
    rolloutId: request.rolloutId,
    outcome,
    summary: first === undefined ? `${outcome}: ${statesText(targets)}` : `refused: ${first.message}`,
    problems,
    targets,
    startedAt,
    closedAt: Date.now(),
  };
  if (plan !== null) {
    await announce(flow, 'ended');
    const { requestedBy, reason } = plan;
    await patiently('write the report').reportRollout({ result, requestedBy, reason, halt: state.halt?.why ?? null });
  }
  show(flow, phase);
  await condition(allHandlersFinished);
  return result;
}
