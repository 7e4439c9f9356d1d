/** The activities as the workflow calls them: which queue, how long, how often. Every call carries a summary for people. */
import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { AgentActivities, OrchestratorActivities, ProbeActivities } from '../activities/contract.ts';
import { agentQueue, orchestratorQueue, probeQueue } from '../domain/change.ts';
import { nonRetryable } from '../domain/failures.ts';

/** Give up soon: either nothing is at stake yet, or the revert is what should run next. */
const forward: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  // A server's downtime counts against it too (DESIGN: at least 60 s).
  scheduleToStartTimeout: '90 seconds',
  retry: { maximumAttempts: 3, initialInterval: '500 milliseconds', nonRetryableErrorTypes: nonRetryable },
};

/** Never given up: a host that is down now may answer later, and the change must not outlive its verdict. */
const reverting: ActivityOptions = {
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

export function orchestrator(summary: string): ReturnType<typeof proxyActivities<OrchestratorActivities>> {
  return proxyActivities<OrchestratorActivities>({ ...forward, taskQueue: orchestratorQueue, summary });
}

/** It may have to wait for its turn while others begin. */
export function admission(summary: string): ReturnType<typeof proxyActivities<Pick<OrchestratorActivities, 'admit'>>> {
  return proxyActivities<Pick<OrchestratorActivities, 'admit'>>({
    ...forward,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '30 seconds',
    taskQueue: orchestratorQueue,
    summary,
  });
}

/** After the journal is closed nothing is at stake: written without limit of tries. */
export function reporter(summary: string): ReturnType<typeof proxyActivities<OrchestratorActivities>> {
  return proxyActivities<OrchestratorActivities>({
    taskQueue: orchestratorQueue,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary,
  });
}

/** Whether an agent is there at all: asked once, answered within five seconds. */
export function agentPresence(target: string): ReturnType<typeof proxyActivities<Pick<AgentActivities, 'ping'>>> {
  return proxyActivities<Pick<AgentActivities, 'ping'>>({
    taskQueue: agentQueue(target),
    scheduleToStartTimeout: '5 seconds',
    startToCloseTimeout: '5 seconds',
    retry: { maximumAttempts: 1 },
    summary: `is an agent there for ${target}`,
  });
}

/** Evidence for the report: asked once, and waited for 15 s at most. */
export function logReader(target: string): ReturnType<typeof proxyActivities<Pick<AgentActivities, 'logLines'>>> {
  return proxyActivities<Pick<AgentActivities, 'logLines'>>({
    taskQueue: agentQueue(target),
    scheduleToStartTimeout: '5 seconds',
    startToCloseTimeout: '10 seconds',
    retry: { maximumAttempts: 1 },
    summary: "read what the server's log says, for the report",
  });
}

export function agent(target: string, summary: string): ReturnType<typeof proxyActivities<AgentActivities>> {
  return proxyActivities<AgentActivities>({ ...forward, taskQueue: agentQueue(target), summary });
}

/** On a scratch server beside the target: bounded by the agent's own configuration, and once is enough. */
export function proving(
  target: string,
  summary: string,
): ReturnType<typeof proxyActivities<Pick<AgentActivities, 'proveChecks' | 'rehearse'>>> {
  return proxyActivities<Pick<AgentActivities, 'proveChecks' | 'rehearse'>>({
    taskQueue: agentQueue(target),
    scheduleToStartTimeout: '90 seconds',
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '15 seconds',
    retry: { maximumAttempts: 1 },
    summary,
  });
}

/** At most once in sequence: what a lost answer left behind is found and reverted, never repeated blindly. */
export function applying(
  target: string,
  timeoutMs: number,
  summary: string,
): ReturnType<typeof proxyActivities<AgentActivities>> {
  return proxyActivities<AgentActivities>({
    ...forward,
    taskQueue: agentQueue(target),
    startToCloseTimeout: timeoutMs,
    heartbeatTimeout: '15 seconds',
    retry: { maximumAttempts: 1 },
    summary,
  });
}

export function revertingAgent(
  target: string,
  timeoutMs: number,
  summary: string,
): ReturnType<typeof proxyActivities<AgentActivities>> {
  return proxyActivities<AgentActivities>({
    ...reverting,
    startToCloseTimeout: timeoutMs,
    taskQueue: agentQueue(target),
    summary,
  });
}

export function probe(location: string, summary: string): ReturnType<typeof proxyActivities<ProbeActivities>> {
  return proxyActivities<ProbeActivities>({
    ...forward,
    taskQueue: probeQueue(location),
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '15 seconds',
    summary,
  });
}

/** One long activity a location: no end of its own, its counters survive in the heartbeat. */
export function watcher(location: string, summary: string): ReturnType<typeof proxyActivities<ProbeActivities>> {
  return proxyActivities<ProbeActivities>({
    taskQueue: probeQueue(location),
    startToCloseTimeout: '30 days',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}
