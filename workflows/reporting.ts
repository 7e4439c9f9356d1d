/** Stage 10: the result, and the report that is written until it is written. */
import { patched, workflowInfo } from '@temporalio/workflow';
import { wasTouched } from '../domain/phase.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { End } from './ending.ts';
import { callerOf } from './caller.ts';
import { enter, note, type Flow } from './flow.ts';
import { logReader, reporter } from './steps.ts';

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
    const isIncident = end.outcome === 'reverted' || end.outcome === 'abandoned' || end.reason === 'kept-in-part';
    if (isIncident && patched('log-evidence')) await readLog(flow);
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

/** A little before the change: what was usual stands beside what was not. */
const beforeMs = 30_000;

/** After the end of everything, and without it the report is written all the same. */
async function readLog(flow: Flow): Promise<void> {
  const { applied, armed, started } = flow.moments;
  const since = (armed ?? applied ?? started) - beforeMs;
  flow.evidence.log = await logReader(flow.request.target)
    .logLines({ ...callerOf(flow), since, until: Date.now() })
    .catch(() => ({ lines: [], more: 0, unread: 'the agent did not answer in time.' }));
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
