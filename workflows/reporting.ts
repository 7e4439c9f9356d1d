/** Stage 10: the result, and the report that is written until it is written. */
import { workflowInfo } from '@temporalio/workflow';
import { wasTouched } from '../domain/phase.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { End } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import { reporter } from './steps.ts';

/** `of`: whose change it is; default: this workflow's. */
export async function report(
  flow: Flow,
  end: End,
  of: { readonly workflowId: string; readonly runId: string } = workflowInfo(),
): Promise<ChangeResult> {
  flow.outcome = end.outcome;
  flow.reasonCode = end.reason;
  flow.why = end.summary;
  enter(flow, 'report', end.summary);
  // Those too that were not enough.
  flow.evidence.approvals = [...flow.approvals];
  const result = resultOf(flow, end);
  const { change } = flow;
  // A request that could not be understood left nothing to write about.
  if (change) {
    const { workflowId, runId } = of;
    await reporter('write the report').report({
      change,
      workflowId,
      runId,
      result,
      plan: flow.plan,
      details: flow.evidence,
    });
  }
  flow.phase = 'closed';
  note(flow, `closed: ${end.outcome}`);
  return result;
}

function resultOf(flow: Flow, end: End): ChangeResult {
  return {
    outcome: end.outcome,
    reason: end.reason,
    summary: end.summary,
    problems: end.problems,
    target: flow.request.target,
    changeId: flow.request.changeId,
    dependents: wasTouched(end.outcome) ? flow.dependents : 'unaffected',
    commandExitCode: flow.commandExitCode,
    snapshots: flow.snapshots,
    moments: { ...flow.moments, closed: Date.now() },
    conflicts: flow.conflicts,
    ...(flow.attribution.length === 0 ? {} : { attribution: flow.attribution }),
    timeline: flow.timeline,
  };
}
