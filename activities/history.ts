/** A run's history, read by an activity: what a workflow itself is not told. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

export type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const { WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW: reset } = proto.temporal.api.enums.v1.WorkflowTaskFailedCause;

export async function historyOf(client: Client, workflowId: string, runId: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken);
  return events;
}

/** A Reset begins its run with the events up to it, and a failed workflow task of this cause behind them. */
export function isResetMark({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): boolean {
  return failed?.cause === reset;
}
