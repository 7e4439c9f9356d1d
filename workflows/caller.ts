/** How a workflow names itself to the agent. */
import { workflowInfo } from '@temporalio/workflow';
import type { Flow } from './flow.ts';

/** Run ids are arguments and recorded answers: the workflow never branches on them. */
export function callerOf(flow: Flow): { target: string; changeId: string; runId: string } {
  return { target: flow.request.target, changeId: flow.request.changeId, runId: workflowInfo().runId };
}

/** The agent's own deadline stands a little behind the workflow's, which should be the one that acts. */
export const progressMarginMs = 120_000;
