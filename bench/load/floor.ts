/** What the same number of workflows and activities costs when they do nothing, on the same server. */
import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';

export const floorQueue = 'bench-floor';

/** ms of each, the timer in its middle left out. */
export async function runFloor(
  client: Client,
  { count, activities, spreadMs }: { readonly count: number; readonly activities: number; readonly spreadMs: number },
): Promise<readonly number[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const sleepMs = 1_000 + (spreadMs * at) / count;
      const beganAt = performance.now();
      await client.workflow.execute('nothingWorkflow', {
        workflowId: `floor-${randomBytes(6).toString('hex')}`,
        taskQueue: floorQueue,
        args: [activities, Math.round(sleepMs)],
      });
      return performance.now() - beganAt - sleepMs;
    }),
  );
}
