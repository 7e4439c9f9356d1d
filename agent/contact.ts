/** One look at Temporal: is the workflow that holds the lease able to decide? About 4 ms, no event in its history. */
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Observation } from '../domain/lease.ts';

export interface Contact {
  /** Never throws: no answer is an answer. */
  look(workflowId: string): Promise<Observation>;
  /** Wakes a workflow whose change was closed without it; false: it could not be told now. Never throws. */
  tellClosed(workflowId: string): Promise<boolean>;
}

const answerWithinMs = 3_000;

/** Name of the activity whose heartbeat shows that the dependents are being measured (activities/contract.ts). */
const watchActivity = 'watch';

/** Name of the signal in workflows/messages.ts. */
const closedSignal = 'journalClosed';

/** gRPC NOT_FOUND: the workflow has ended, there is nobody to tell. */
const notFound = 5;
const isWorkflowGone = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === notFound;

const { WorkflowExecutionStatus, PendingWorkflowTaskState, PendingActivityState } = proto.temporal.api.enums.v1;

type Description = proto.temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

/** `open` may fail, and is asked again at the next look. */
export function temporalContact(
  open: () => Promise<{ readonly connection: Connection; readonly namespace: string }>,
): Contact {
  return {
    async look(workflowId) {
      try {
        const { connection, namespace } = await open();
        const description = await connection.withDeadline(Date.now() + answerWithinMs, () =>
          // Without a run id: the newest run, which after a Reset is the one that replaces the owner.
          connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
        );
        return observationOf(description);
      } catch {
        // "Not found" too: a namespace that was lost, or the wrong one, is no proof that nobody decides any more.
        return { kind: 'no-answer' };
      }
    },
    async tellClosed(workflowId) {
      try {
        const { connection, namespace } = await open();
        await connection.withDeadline(Date.now() + answerWithinMs, () =>
          connection.workflowService.signalWorkflowExecution({
            namespace,
            workflowExecution: { workflowId },
            signalName: closedSignal,
            identity: 'knowngood-agent',
          }),
        );
        return true;
      } catch (error) {
        return isWorkflowGone(error);
      }
    },
  };
}

export function observationOf(description: Description): Observation {
  const { workflowExecutionInfo, pendingWorkflowTask: task, pendingActivities } = description;
  const status = workflowExecutionInfo?.status;
  // It has not ended, and decides nothing: the clock runs on until somebody lets it go on.
  if (status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED) return { kind: 'no-answer' };
  if (status !== WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) return { kind: 'closed' };
  const beats = (pendingActivities ?? [])
    .filter(({ activityType }) => activityType?.name === watchActivity)
    .filter(({ state }) => state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED)
    .map(({ lastHeartbeatTime, lastStartedTime }) => stampOf(lastHeartbeatTime) || stampOf(lastStartedTime));
  return {
    kind: 'running',
    task: task
      ? {
          attempt: task.attempt ?? 1,
          started: task.state === PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED,
          stamp: stampOf(task.scheduledTime),
        }
      : null,
    // With several locations any one that beats shows that the workflow is watching; a silent one is its own to judge.
    heartbeat: beats.length === 0 ? null : Math.max(...beats),
  };
}

/** 0: never. */
function stampOf(time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined): number {
  return time ? Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6) : 0;
}
