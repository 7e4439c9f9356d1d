/**
 * The workflow around one change. It reads as the flow:
 *
 *   1 snapshot   the candidate S, stored by hash          }
 *   2 baseline   are the dependents healthy now?          }  before.ts: every "no" here leaves the target untouched
 *   3 preflight  what will it do?                         }
 *   4 approve    operators, in the Web UI or the CLI      }
 *   5 arm        journal and lease, before the first write
 *   6 apply      by the agent or by the pipeline          }
 *   7 watch      fresh connections through the whole soak }  in-force.ts: ends in a ruling, keep or revert
 *   8 decide     pure rules over recorded samples         }
 *   9 confirm    lease released, new known-good
 *     or revert  until it is proven, then verify          reverting.ts
 *  10 report     store
 */
import {
  CancellationScope,
  condition,
  allHandlersFinished,
  isCancellation,
  ApplicationFailure,
} from '@temporalio/workflow';
import type { ChangeRequest } from '../domain/change.ts';
import { formProblem } from '../domain/request-form.ts';
import type { ChangeResult } from '../domain/result.ts';
import { untilArmed } from './before.ts';
import { problemOf, type End, type Ruling } from './ending.ts';
import { enter, openFlow, type Flow } from './flow.ts';
import { applyAndWatch, confirm } from './in-force.ts';
import type { Operators } from './decisions.ts';
import { listen } from './operators.ts';
import { revertUntilProven } from './reverting.ts';
import { report } from './reporting.ts';
import { agentPresence } from './steps.ts';

export async function guardedChange(request: ChangeRequest): Promise<ChangeResult> {
  const refused = formProblem(request);
  if (refused) throw ApplicationFailure.nonRetryable(refused.message, 'InvalidRequest', refused);
  const flow = openFlow(request);
  const operators = listen(flow);
  const end = await run(flow, operators);
  return CancellationScope.nonCancellable(async () => {
    const result = await report(flow, end);
    await condition(allHandlersFinished);
    return result;
  });
}

async function run(flow: Flow, operators: Operators): Promise<End> {
  // An abort cancels this scope only, so that what follows it can still run; a Cancel of the workflow reaches it too.
  const forward = new CancellationScope();
  operators.onAbort = () => forward.cancel();
  let ruling: Ruling;
  try {
    const outcome = await forward.run(async (): Promise<End | Ruling> => {
      const before = await untilArmed(flow, operators);
      if (before.kind === 'end') return before.end;
      return before.kind === 'ruling' ? before.ruling : applyAndWatch(flow, operators, before.armed);
    });
    if ('outcome' in outcome) return await untouchedIndeed(flow, operators, outcome);
    ruling = outcome;
  } catch (error) {
    if (!flow.armAttempted) return untouchedIndeed(flow, operators, untouched(operators, error));
    // No answer is not "not applied": a lost reply leaves the change in force, so every error is reverted.
    ruling = rulingOf(flow, operators, error);
  }
  return CancellationScope.nonCancellable(async () => {
    decided(flow, ruling);
    if (ruling.kind === 'keep') {
      const kept = await confirm(flow, operators, ruling);
      if (!('kind' in kept)) return kept;
      decided(flow, kept);
      return revertUntilProven(flow, operators, kept);
    }
    return revertUntilProven(flow, operators, ruling);
  });
}

/**
 * "Nothing was touched" is asked, not assumed: after a Reset to before `arm`, an earlier run of this change may have
 * armed it, and what that run left in force is reverted.
 */
async function untouchedIndeed(flow: Flow, operators: Operators, end: End): Promise<End> {
  if (flow.snapshots.before === null || end.outcome === 'kept' || end.outcome === 'reverted') return end;
  return CancellationScope.nonCancellable(async () => {
    const open = await agentPresence(flow.request.target)
      .ping({ target: flow.request.target })
      .then(
        ({ openChange }) => openChange?.changeId === flow.request.changeId,
        // No answer: the agent reverts by itself what an ended run has left.
        () => false,
      );
    if (!open) return end;
    const ruling = { kind: 'revert', reason: end.reason, why: `${end.summary}; an earlier run had armed it` } as const;
    decided(flow, ruling);
    return revertUntilProven(flow, operators, ruling);
  });
}

function untouched(operators: Operators, error: unknown): End {
  const { aborted } = operators;
  if (aborted)
    return {
      outcome: 'aborted',
      reason: 'aborted-by-operator',
      summary: `aborted by ${aborted.who}${aborted.why ? `: ${aborted.why}` : ''}; nothing was touched`,
      problems: [],
    };
  if (isCancellation(error))
    return { outcome: 'aborted', reason: 'cancelled', summary: 'cancelled; nothing was touched', problems: [] };
  const problem = problemOf(error);
  return {
    outcome: 'rejected',
    reason: 'internal-error',
    summary: `${problem.message}; nothing was touched`,
    problems: [problem],
  };
}

function rulingOf(flow: Flow, operators: Operators, error: unknown): Ruling {
  const { aborted } = operators;
  if (aborted)
    return {
      kind: 'revert',
      reason: 'aborted-by-operator',
      why: `aborted by ${aborted.who}${aborted.why ? `: ${aborted.why}` : ''}`,
    };
  if (isCancellation(error)) return { kind: 'revert', reason: 'cancelled', why: 'cancelled by a client' };
  const reason = flow.phase === 'apply' ? 'apply-failed' : 'internal-error';
  return { kind: 'revert', reason, why: problemOf(error).message };
}

function decided(flow: Flow, ruling: Ruling): void {
  flow.moments.decided ??= Date.now();
  flow.reasonCode = ruling.reason;
  flow.why = ruling.why;
  if (ruling.kind === 'keep') enter(flow, 'confirm', `decided to keep: ${ruling.why}`);
  else enter(flow, 'revert', `decided to revert: ${ruling.why}`);
}
