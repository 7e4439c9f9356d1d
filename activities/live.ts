/** Tells the workflow of a watch how its checks stand. Never waited for: no measurement and no verdict depends on it. */
import type { Client } from '@temporalio/client';
import type { CheckProgress } from '../domain/check.ts';
import { checksSeen, shownOf, toTell, type Told } from '../domain/checks/live.ts';

export type TellWorkflow = (
  workflow: { readonly workflowId: string; readonly runId: string },
  progress: readonly CheckProgress[],
) => Promise<void>;

export function tellWorkflow(client: Client): TellWorkflow {
  return ({ workflowId, runId }, progress) => client.workflow.getHandle(workflowId, runId).signal(checksSeen, progress);
}

export function openLive(send: (progress: readonly CheckProgress[]) => Promise<void>): {
  seen(progress: readonly CheckProgress[]): void;
} {
  const since = Date.now();
  let told: Told | null = null;
  let sending = false;
  return {
    seen(progress) {
      if (sending) return;
      const now = toTell(told, progress, { since, now: Date.now() });
      if (now === null) return;
      told = now;
      sending = true;
      // Temporal is away, or the run is closed: people see it later, or need not.
      void send(shownOf(progress))
        .catch(() => undefined)
        .finally(() => (sending = false));
    },
  };
}
