/** Who is there: workers and agents that poll, search attributes that are registered. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributes } from '../domain/search-attributes.ts';
import { isUnavailable } from './refusals.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const kinds = { workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY };

/** The server remembers pollers for minutes; one that lives asks again within its long poll of 60 s. */
const pollLastsMs = 70_000;

/** False also while Temporal is away. */
export async function hasPoller(client: Client, queue: string, kind: keyof typeof kinds): Promise<boolean> {
  try {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: queue },
      taskQueueType: kinds[kind],
    });
    const since = Date.now() - pollLastsMs;
    return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > since);
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}

export async function missingAttributes(client: Client): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: client.options.namespace,
  });
  return searchAttributes.filter((name) => !(name in (customAttributes ?? {})));
}
