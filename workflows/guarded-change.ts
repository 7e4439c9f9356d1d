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
  patched,
  ApplicationFailure,
} from '@temporalio/workflow';
import type { ChangeRequest } from '../domain/change.ts';
import { formProblem } from '../domain/request-form.ts';
import type { ChangeResult } from '../domain/result.ts';
import { untilArmed } from './before.ts';
import { problemOf, type End, type Ruling } from './ending.ts';
import { decided, openFlow, type Flow } from './flow.ts';
import { applyAndWatch, confirm } from './in-force.ts';
import type { Operators } from './decisions.ts';
import { listen } from './operators.ts';
import { revertUntilProven } from './reverting.ts';
import { report } from './reporting.ts';
import { tell, tellEnd } from './telling.ts';
import { untouched, untouchedIndeed } from './untouched.ts';

export async function guardedChange(request: ChangeRequest): Promise<ChangeResult> {
  const refused = formProblem(request);
  if (refused) throw ApplicationFailure.nonRetryable(refused.message, 'InvalidRequest', refused);
  const flow = openFlow(request);
  const operators = listen(flow);
  const end = await run(flow, operators);
  return CancellationScope.nonCancellable(async () => {
    tellEnd(flow, end);
    const result = await report(flow, end);
    await condition(allHandlersFinished);
    return result;
  });
}

async function run(flow: Flow, operators: Operators): Promise<End> {
  // An abort cancels this scope only, so that what follows it can still run; a Cancel of the workflow reaches it too.
  const forward = new CancellationScope();
  operators.onAbort = () => forward.cancel();
  // One that came with the start, or that a Reset has copied in, is in already.
  if (operators.aborted !== null && patched('hear-an-early-abort')) forward.cancel();
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
      if (!('kind' in kept)) return told(flow, kept);
      decided(flow, kept);
      tellRuling(flow, kept);
      return revertUntilProven(flow, operators, kept);
    }
    tellRuling(flow, ruling);
    return revertUntilProven(flow, operators, ruling);
  });
}

/**
 * What the agent has decided on its own is told once it is known how it ended; so is a change that, as far as anybody knows,
 * was never armed.
 */
function tellRuling(flow: Flow, { reason }: Ruling): void {
  if (reason !== 'contact-lost' && flow.moments.armed !== null) tell(flow, 'reverting');
}

function told(flow: Flow, end: End): End {
  if (end.outcome === 'kept') tell(flow, 'kept');
  return end;
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
