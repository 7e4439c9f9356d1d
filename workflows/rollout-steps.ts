/** A rollout's activities, as its workflow calls them. */
import { proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../activities/rollout-contract.ts';
import { orchestratorQueue } from '../domain/change.ts';
import { nonRetryable } from '../domain/failures.ts';

type Steps<Name extends keyof RolloutActivities> = ReturnType<typeof proxyActivities<Pick<RolloutActivities, Name>>>;

/** Hundreds of plans take minutes; nothing is at stake yet. */
export function admitting(): Steps<'admitRollout'> {
  return proxyActivities<Pick<RolloutActivities, 'admitRollout'>>({
    taskQueue: orchestratorQueue,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '30 seconds',
    retry: { maximumAttempts: 3, initialInterval: '500 milliseconds', nonRetryableErrorTypes: nonRetryable },
    summary: 'check everything and plan every target, touching nothing',
  });
}

/** As long as the change takes: a soak, an approval, a revert that is tried until it is complete. */
export function awaiting(target: string): Steps<'awaitChange'> {
  return proxyActivities<Pick<RolloutActivities, 'awaitChange'>>({
    taskQueue: orchestratorQueue,
    startToCloseTimeout: '365 days',
    heartbeatTimeout: '30 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary: `wait for the change of ${target}`,
  });
}

/** Nothing is at stake that silence would lose: tried until it is done. */
export function patiently(summary: string): Steps<'isUnderWay' | 'undoOf' | 'reportRollout'> {
  return proxyActivities<Pick<RolloutActivities, 'isUnderWay' | 'undoOf' | 'reportRollout'>>({
    taskQueue: orchestratorQueue,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary,
  });
}
