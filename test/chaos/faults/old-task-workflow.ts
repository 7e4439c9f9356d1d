/** Gives an agent a task that it had before, as a server does that has lost an answer. */
import { proxyActivities } from '@temporalio/workflow';

export interface OldTask {
  readonly taskQueue: string;
  readonly activity: string;
  readonly args: readonly unknown[];
}

export async function askAgain({ taskQueue, activity, args }: OldTask): Promise<unknown> {
  const activities = proxyActivities<Record<string, (...given: readonly unknown[]) => Promise<unknown>>>({
    taskQueue,
    scheduleToCloseTimeout: '10 seconds',
    heartbeatTimeout: '10 seconds',
    retry: { maximumAttempts: 1 },
  });
  return activities[activity]?.(...args);
}
