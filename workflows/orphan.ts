/** Ends a change whose workflow was ended from outside (Terminate, a time-out): the agent says how, the store learns it. */
import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow';
import type { AdmittedChange } from '../domain/admitted.ts';
import type { ToldBefore } from '../domain/notify/notice.ts';
import { openFlow } from './flow.ts';
import { listen } from './operators.ts';
import { report } from './reporting.ts';
import { revertUntilProven } from './reverting.ts';
import { tellEnd } from './telling.ts';
import type { ChangeResult } from '../domain/result.ts';

export interface Orphan {
  readonly change: AdmittedChange;
  /** Unix ms. */
  readonly startedAt: number;
  readonly workflowId: string;
  readonly runId: string;
  /** What people were told of it, oldest first. Absent: not known. */
  readonly told?: readonly ToldBefore[];
}

/** Whatever the journal has ended as is the answer; what is still open is reverted, and what was never armed stays so. */
export async function endOrphan({ change, startedAt, workflowId, runId, told = [] }: Orphan): Promise<ChangeResult> {
  const { target, changeId, requestedBy, reason } = change;
  const kind =
    change.changeKind === 'command' ? { kind: change.changeKind, name: change.what } : { kind: change.changeKind };
  const flow = openFlow({ target, changeId, requestedBy, reason, change: kind });
  flow.change = change;
  flow.moments.started = startedAt;
  // Who is called still is said by the notices themselves: they outlive the workflow that began them.
  flow.told.push(...told.map((one) => ({ ...one, callsUntil: null, acknowledgedBy: '', isOver: false })));
  const operators = listen(flow);
  const why = 'its workflow was ended from outside';
  return CancellationScope.nonCancellable(async () => {
    const end = await revertUntilProven(flow, operators, { kind: 'revert', reason: 'contact-lost', why });
    tellEnd(flow, end);
    const result = await report(flow, end, { workflowId, runId });
    await condition(allHandlersFinished);
    return result;
  });
}
