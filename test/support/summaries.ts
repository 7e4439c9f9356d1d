/** What the Web UI shows beside each event: every activity, timer and child of a workflow says in plain words what it is for. */
import type { Client } from '@temporalio/client';

/** Events without a summary, of all workflows that the query finds: `watchDrift: 7 timer`. */
export async function silentEvents(client: Client, query: string): Promise<string[]> {
  const silent: string[] = [];
  for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
    const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const event of events ?? []) {
      const what = event.activityTaskScheduledEventAttributes
        ? `activity ${event.activityTaskScheduledEventAttributes.activityType?.name}`
        : event.timerStartedEventAttributes
          ? 'timer'
          : event.startChildWorkflowExecutionInitiatedEventAttributes
            ? 'child'
            : null;
      if (what !== null && !event.userMetadata?.summary) silent.push(`${type}: ${String(event.eventId)} ${what}`);
    }
  }
  return silent;
}
