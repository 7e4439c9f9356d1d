/** A change as any Temporal client starts it, and whether its own code has failed a workflow task. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';

export async function startRaw(
  client: Client,
  args: unknown[],
  workflowId: string,
  workflow = 'guardedChange',
): Promise<WorkflowHandle> {
  return client.workflow.start(workflow, { workflowId, taskQueue: 'knowngood', args });
}

/** A wedged workflow would never answer. */
export async function within<T>(answer: Promise<T>, handle: WorkflowHandle, ms = 20_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      void failedTasks(handle).then((failures) => reject(new Error(`still open: ${failures.join('; ')}`)));
    }, ms);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

const unhandledFailure =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;

export async function failedTasks(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  // A task that an event overtakes is begun anew; only one that the workflow's own code failed is a wedge.
  return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed?.cause === unhandledFailure ? [failed.failure?.message ?? ''] : [],
  );
}
