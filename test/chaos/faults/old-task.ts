/** An old activity task comes to the agent once more, with the arguments that it had. */
import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { agentQueue, workflowIdOf } from '../../../domain/change.ts';
import { oldTaskWorkflow, targetName } from '../names.ts';
import type { Fault } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { historyOf } from '../temporal-calls.ts';
import type { Done, FaultContext } from './context.ts';
import type { OldTask } from './old-task-workflow.ts';

const queue = 'chaos-old-tasks';
let bundled: Promise<{ readonly code: string }> | null = null;

export async function oldTask(
  { stage, workflowId }: FaultContext,
  { of, percent }: Extract<Fault, { kind: 'old-task' }>,
): Promise<Done> {
  if (of === 'earlier' && stage.earlier === null) return 'there was no change before this one';
  const from = of === 'this' ? workflowId : workflowIdOf(targetName, stage.earlier ?? '');
  const history = await historyOf(stage.client, from);
  const tasks = (history?.events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }) =>
    task?.taskQueue?.name === agentQueue(targetName) ? [task] : [],
  );
  const task = tasks[Math.floor((tasks.length * percent) / 100)];
  if (task === undefined) return 'the agent had no task yet';
  const args = (task.input?.payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
  // Its answer is of no interest, and may never come: the agent may be dead just now.
  await ask(stage, { taskQueue: agentQueue(targetName), activity: task.activityType?.name ?? '', args }).catch(
    () => undefined,
  );
  return null;
}

async function ask({ client, temporalAddress }: Stage, task: OldTask): Promise<void> {
  bundled ??= bundleWorkflowCode({ workflowsPath: oldTaskWorkflow, logger: new DefaultLogger('WARN') });
  const workflowBundle = await bundled;
  const connection = await NativeConnection.connect({ address: temporalAddress });
  try {
    const worker = await Worker.create({ connection, taskQueue: queue, workflowBundle });
    await worker.runUntil(
      client.workflow.execute('askAgain', { taskQueue: queue, workflowId: `chaos-${randomUUID()}`, args: [task] }),
    );
  } finally {
    await connection.close();
  }
}
