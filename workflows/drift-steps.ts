/** The activities of the workflows around drift: short, and given up soon, for the next look comes by itself. */
import { proxyActivities } from '@temporalio/workflow';
import type { AgentActivities } from '../activities/contract.ts';
import { agentQueue } from '../domain/change.ts';
import { nonRetryable } from '../domain/failures.ts';

/** An agent that is away is not waited for: looks that pile up would all be served when it is back. */
export function looking(
  target: string,
): ReturnType<typeof proxyActivities<Pick<AgentActivities, 'drift' | 'snapshot'>>> {
  return proxyActivities<Pick<AgentActivities, 'drift' | 'snapshot'>>({
    taskQueue: agentQueue(target),
    scheduleToStartTimeout: '15 seconds',
    // A server with many thousand objects takes a while to be read.
    startToCloseTimeout: '2 minutes',
    retry: { maximumAttempts: 2, initialInterval: '1 second', nonRetryableErrorTypes: nonRetryable },
    summary: `what differs from known-good on ${target}`,
  });
}
