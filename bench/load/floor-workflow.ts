/** The floor: as many activities as a kept change has, which do nothing, and a timer in the middle. Sandbox code. */
import { proxyActivities, sleep } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function nothingWorkflow(activities: number, sleepMs: number): Promise<void> {
  for (let done = 0; done < activities; done += 1) {
    if (done === Math.floor(activities / 2)) await sleep(sleepMs);
    await nothing();
  }
}
