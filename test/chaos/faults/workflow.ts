/** What somebody with Temporal's Web UI can do to a workflow. */
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import type { Fault } from '../scenario.ts';
import { historyOf, patiently } from '../temporal-calls.ts';
import type { Done, FaultContext } from './context.ts';

const withinMs = 5_000;
const gone = 'there is no such workflow any more';

export async function terminate({ stage: { client }, workflowId }: FaultContext): Promise<Done> {
  const handle = client.workflow.getHandle(workflowId);
  return (await patiently(client, withinMs, () => handle.terminate('chaos'))) === null ? gone : null;
}

export async function cancel({ stage: { client }, workflowId }: FaultContext): Promise<Done> {
  const handle = client.workflow.getHandle(workflowId);
  return (await patiently(client, withinMs, () => handle.cancel())) === null ? gone : null;
}

export async function reset(
  { stage: { client }, workflowId }: FaultContext,
  { percent }: Extract<Fault, { kind: 'reset' }>,
): Promise<Done> {
  const history = await historyOf(client, workflowId);
  const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED: completed } = proto.temporal.api.enums.v1.EventType;
  const points = (history?.events ?? []).filter(({ eventType }) => eventType === completed);
  const point = points[Math.floor((points.length * percent) / 100)];
  if (history === null || point === undefined) return 'nothing to reset to yet';
  const answer = await patiently(client, withinMs, () =>
    client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: history.runId },
      workflowTaskFinishEventId: point.eventId ?? null,
      reason: 'chaos',
      requestId: randomUUID(),
    }),
  );
  return answer === null ? gone : null;
}
