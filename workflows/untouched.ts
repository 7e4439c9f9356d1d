/** Ends before the first write: "nothing was touched" is said of this run, and asked where an earlier one may have. */
import { CancellationScope, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { Operators } from './decisions.ts';
import { problemOf, type End, type Ruling } from './ending.ts';
import { decided, type Flow } from './flow.ts';
import { revertUntilProven } from './reverting.ts';
import { agentPresence, reporter } from './steps.ts';

/**
 * After a Reset to before `arm` an earlier run may have armed the change, and may even have ended it: what that run left
 * in force is reverted, and what it has come to is the end of this one, too. A Reset copies an abort in as well, so that
 * this run may be over before it has asked for anything.
 */
export async function untouchedIndeed(flow: Flow, operators: Operators, end: End): Promise<End> {
  if (end.outcome === 'kept' || end.outcome === 'reverted') return end;
  if (!patched('ask-of-earlier-runs')) return openAccordingToPing(flow, operators, end);
  // Neither is given up: what is unknown is never called untouched.
  return CancellationScope.nonCancellable(async () => {
    const { workflowId, runId } = workflowInfo();
    const wasReset = await reporter('has an earlier run armed it').wasReset({ workflowId });
    if (!wasReset) return end;
    if (flow.change === null) {
      const { request } = flow;
      const asked = { request, workflowId, runId, lookOnly: false, atOnce: true };
      const admitted = await reporter('read the request').admit(asked);
      if (admitted.kind === 'admitted') flow.change = admitted.change;
    }
    const ruling = earlierRun(end);
    decided(flow, ruling);
    const proven = await revertUntilProven(flow, operators, ruling);
    return proven.outcome === 'aborted' ? end : proven;
  });
}

/** As 0.1.0 asked: only what had taken a snapshot, and only whether the journal is open. */
async function openAccordingToPing(flow: Flow, operators: Operators, end: End): Promise<End> {
  if (flow.snapshots.before === null) return end;
  return CancellationScope.nonCancellable(async () => {
    const open = await agentPresence(flow.request.target)
      .ping({ target: flow.request.target })
      .then(
        ({ openChange }) => openChange?.changeId === flow.request.changeId,
        // No answer: the agent reverts by itself what an ended run has left.
        () => false,
      );
    if (!open) return end;
    const ruling = earlierRun(end);
    decided(flow, ruling);
    return revertUntilProven(flow, operators, ruling);
  });
}

function earlierRun({ reason, summary }: End): Extract<Ruling, { kind: 'revert' }> {
  return { kind: 'revert', reason, why: `${summary}; an earlier run had armed it` };
}

export function untouched(operators: Operators, error: unknown): End {
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
