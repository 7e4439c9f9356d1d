/** Looks for changes that the store holds as open although their workflow has ended without a word, and has them ended. */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { endingIdOf, orchestratorQueue } from '../domain/change.ts';
import { noticesOfChange, readTold, toldMemo, type ToldBefore } from '../domain/notify/notice.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { OpenChange, Store } from '../store/store.ts';
import type { Orphan } from '../workflows/orphan.ts';

const lookEveryMs = 5_000;

/** Somebody may press Reset right after: the run that replaces it is the one to end the change. */
const graceMs = 5_000;

/** For so long the list of who was told is asked for again; people are no reason to leave a change open. */
const patienceMs = 60_000;

const endedFromOutside: readonly string[] = ['TERMINATED', 'FAILED', 'TIMED_OUT', 'CANCELLED'];

export function watchForOrphans(parts: {
  readonly store: Pick<Store, 'openChanges' | 'closeChange'>;
  readonly client: Client;
}): {
  stop(): Promise<void>;
} {
  let looking: Promise<void> | null = null;
  async function look(): Promise<void> {
    // Store or Temporal are away: what is overdue then is found later.
    await endOrphans(parts).catch(() => undefined);
    looking = null;
  }

  const timer = setInterval(() => void (looking ??= look()), lookEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function endOrphans({ store, client }: Parameters<typeof watchForOrphans>[0]): Promise<void> {
  for (const open of await store.openChanges()) {
    const ended = await endOf(client, open);
    if (ended === null) continue;
    const { target, changeId } = open.change;
    // It ended before it knew that it was admitted: aborted in that moment, or the answer was lost.
    if (ended.result !== null) await store.closeChange(target, changeId, ended.result);
    else await startEnding(client, open, ended);
  }
}

async function startEnding(client: Client, open: OpenChange, { runId, closedAt }: Ended): Promise<void> {
  const { change, startedAt, workflowId } = open;
  const endingId = endingIdOf(change.target, change.changeId);
  // Its agent may be away for days: the list is not asked for again all the while.
  if (await isEnding(client, endingId)) return;
  const told = await toldBefore(client, change).catch(() => null);
  if (told === null && Date.now() - closedAt < patienceMs) return;
  const orphan: Orphan = { change, startedAt: startedAt.getTime(), workflowId, runId, told: told ?? [] };
  try {
    await client.workflow.start('endOrphan', {
      workflowId: endingId,
      taskQueue: orchestratorQueue,
      args: [orphan],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function isEnding(client: Client, endingId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(endingId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

const mostTold = 50;

/** So that who heard that it went ill hears how it ended. */
async function toldBefore(client: Client, { target, changeId }: OpenChange['change']): Promise<readonly ToldBefore[]> {
  const query = `WorkflowType = 'sendNotice' AND WorkflowId STARTS_WITH '${noticesOfChange(target, changeId)}'`;
  const found = new Map<string, { readonly at: number; readonly told: ToldBefore }>();
  for await (const { memo, startTime } of client.workflow.list({ query })) {
    const told = readTold(memo?.[toldMemo]);
    if (told !== null) found.set(told.key, { at: startTime.getTime(), told });
    if (found.size === mostTold) break;
  }
  return [...found.values()].toSorted((a, b) => a.at - b.at).map(({ told }) => told);
}

interface Ended {
  readonly runId: string;
  readonly closedAt: number;
  readonly result: ChangeResult | null;
}

/** The newest run's end; null: it lives, has only just ended, or is not known here, which is no proof of anything. */
async function endOf(client: Client, { workflowId }: OpenChange): Promise<Ended | null> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status, closeTime, runId } = await handle.describe();
    if (closeTime === undefined || Date.now() - closeTime.getTime() < graceMs) return null;
    const closedAt = closeTime.getTime();
    if (status.name === 'COMPLETED') return { runId, closedAt, result: (await handle.result()) as ChangeResult };
    return endedFromOutside.includes(status.name) ? { runId, closedAt, result: null } : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
