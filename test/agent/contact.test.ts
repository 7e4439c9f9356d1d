import { describe, expect, it } from '@jest/globals';
import proto from '@temporalio/proto';
import { observationOf } from '../../agent/contact.ts';

const {
  WorkflowExecutionStatus: status,
  PendingWorkflowTaskState: taskState,
  PendingActivityState: activityState,
} = proto.temporal.api.enums.v1;
type Description = Parameters<typeof observationOf>[0];

const at = (seconds: number): { seconds: never; nanos: number } => ({ seconds: seconds as never, nanos: 500_000_000 });

function described(bend: Partial<Description> = {}): Description {
  return { workflowExecutionInfo: { status: status.WORKFLOW_EXECUTION_STATUS_RUNNING }, ...bend };
}

const watch = (bend: object): NonNullable<Description['pendingActivities']>[number] => ({
  activityType: { name: 'watch' },
  state: activityState.PENDING_ACTIVITY_STATE_STARTED,
  ...bend,
});

describe('a look at Temporal', () => {
  for (const [name, description, want] of [
    ['sees a run that waits', described(), { kind: 'running', task: null, heartbeat: null }],
    [
      'sees a run that was terminated',
      described({ workflowExecutionInfo: { status: status.WORKFLOW_EXECUTION_STATUS_TERMINATED } }),
      { kind: 'closed' },
    ],
    [
      'takes a run that somebody has paused for one that does not answer',
      described({ workflowExecutionInfo: { status: status.WORKFLOW_EXECUTION_STATUS_PAUSED } }),
      { kind: 'no-answer' },
    ],
    [
      'sees a task that waits for a worker',
      described({
        pendingWorkflowTask: {
          attempt: 2,
          state: taskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
          scheduledTime: at(10),
        },
      }),
      { kind: 'running', task: { attempt: 2, started: false, stamp: 10_500 }, heartbeat: null },
    ],
    [
      'sees the newest heartbeat of any watch',
      described({ pendingActivities: [watch({ lastHeartbeatTime: at(5) }), watch({ lastHeartbeatTime: at(9) })] }),
      { kind: 'running', task: null, heartbeat: 9_500 },
    ],
    [
      'takes the start of a watch that has not beaten yet',
      described({ pendingActivities: [watch({ lastStartedTime: at(3) })] }),
      { kind: 'running', task: null, heartbeat: 3_500 },
    ],
    [
      'takes no heartbeat from a watch that nobody runs, or from another activity',
      described({
        pendingActivities: [
          watch({ state: activityState.PENDING_ACTIVITY_STATE_SCHEDULED, lastHeartbeatTime: at(5) }),
          { ...watch({ lastHeartbeatTime: at(5) }), activityType: { name: 'revert' } },
        ],
      }),
      { kind: 'running', task: null, heartbeat: null },
    ],
  ] as const) {
    it(name, () => expect(observationOf(description)).toEqual(want));
  }
});
