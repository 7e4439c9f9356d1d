/** A Reset, as somebody presses it in the Web UI: back to where a change waits for approvals, and asks for them again. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { ChangeView } from '../../domain/view.ts';
import { eventually } from './processes.ts';
import type { Handle, Rig } from './rig.ts';

/** The last workflow task so far. */
export async function lastTask(change: Handle): Promise<NonNullable<Event['eventId']> | null> {
  const { events } = await change.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  return tasks.at(-1)?.eventId ?? null;
}

type Event = NonNullable<Awaited<ReturnType<Handle['fetchHistory']>>['events']>[number];

/** To a task that `lastTask` found while the change waited. */
export async function askedAgain(
  { client }: Rig,
  { workflowId }: Handle,
  task: Awaited<ReturnType<typeof lastTask>>,
): Promise<WorkflowHandle> {
  await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: task,
  });
  const fresh = client.workflow.getHandle(workflowId);
  await eventually('the new run asks', async () => {
    const view = await fresh.query<ChangeView>('view').catch(() => null);
    return view?.phase === 'approve' && view.approvals.given.length === 0;
  });
  return fresh;
}
