/** What the test asks of Temporal: each call with a deadline, and again until Temporal is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type proto from '@temporalio/proto';

const answerMs = 2_000;
const pauseMs = 200;

/** null: it cannot be had; gRPC says "not found" or "precondition failed" of what has ended. */
export async function patiently<T>(client: Client, withinMs: number, ask: () => Promise<T>): Promise<T | null> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await client.connection.withDeadline(Date.now() + answerMs, ask);
    } catch (error) {
      const refused = [3, 5, 6, 9].includes(Number((error as { code?: unknown }).code)) || isNotFound(error);
      if (refused || performance.now() > until) return null;
      await sleep(pauseMs);
    }
  }
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && /NotFound|AlreadyStarted/.test(error.name + error.constructor.name);

export type History = readonly proto.temporal.api.history.v1.IHistoryEvent[];

/** Of the newest run. */
export async function historyOf(
  client: Client,
  workflowId: string,
): Promise<{ runId: string; events: History } | null> {
  const description = await patiently(client, 5_000, () => client.workflow.getHandle(workflowId).describe());
  if (description === null) return null;
  const { runId } = description;
  const history = await patiently(client, 5_000, () => client.workflow.getHandle(workflowId, runId).fetchHistory());
  return history === null ? null : { runId, events: history.events ?? [] };
}
