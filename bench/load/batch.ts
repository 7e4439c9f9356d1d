/** Guarded changes of many targets at once, half of them kept and half reverted, the verdicts spread over a minute. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type ChangeRequest, orchestratorQueue, workflowIdOf } from '../../domain/change.ts';
import type { ChangeResult } from '../../domain/result.ts';
import { aChange } from './a-change.ts';
import type { Switchboard } from './switchboard.ts';

export interface Done {
  readonly outcome: string;
  /** From the request, ms. */
  readonly armedMs: number;
  readonly totalMs: number;
  /** Reverted ones only, ms. */
  readonly restoredMs: number | null;
  readonly events: number;
  readonly bytes: number;
  readonly activities: number;
}

/** One after the other: how it is without load. */
export const alone = { spreadMs: 0, atOnce: 1 };

export interface Batch {
  readonly client: Client;
  readonly switchboard: Switchboard;
  readonly targets: readonly string[];
  readonly spreadMs: number;
  readonly atOnce: number;
  readonly progress: (line: string) => void;
}

/** Beside the spread: what is before the watch, and three measurements. */
const watchMs = 4_000;

export async function runBatch(batch: Batch): Promise<readonly Done[]> {
  const { targets, atOnce, spreadMs, progress } = batch;
  const done: Done[] = [];
  const queue = targets.map((target, at) => ({
    target,
    isKept: at % 2 === 0,
    verdictAfterMs: watchMs + (spreadMs * at) / targets.length,
  }));
  const next = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      done.push(await oneChange(batch, one));
      if (done.length % 20 === 0 || done.length === targets.length)
        progress(`${done.length}/${targets.length} changes`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return done;
}

interface One {
  readonly target: string;
  readonly isKept: boolean;
  readonly verdictAfterMs: number;
}

async function oneChange({ client, switchboard }: Batch, { target, isKept, verdictAfterMs }: One): Promise<Done> {
  const changeId = `load-${randomBytes(4).toString('hex')}`;
  const soakMs = isKept ? verdictAfterMs : verdictAfterMs + 120_000;
  const request: ChangeRequest = {
    target,
    changeId,
    change: aChange,
    requestedBy: 'bench',
    overrides: { soak: `${Math.round(soakMs / 1_000)}s` },
  };
  const beganAt = Date.now();
  const handle = await client.workflow.start('guardedChange', {
    workflowId: workflowIdOf(target, changeId),
    taskQueue: orchestratorQueue,
    args: [request],
  });
  const ended = handle.result() as Promise<ChangeResult>;
  // The bench fails by the result, whenever it comes.
  ended.catch(() => undefined);
  if (!isKept) {
    await Promise.race([sleep(verdictAfterMs), ended]);
    switchboard.turn(target, 'red');
    // Green again for the look at the dependents after the revert.
    await sleep(watchMs);
    switchboard.turn(target, 'green');
  }
  const { outcome, reason, summary, moments } = await ended;
  const expected = isKept ? outcome === 'kept' : outcome === 'reverted' && reason === 'check-failed';
  if (!expected || moments.armed === null) throw new Error(`${target} ended otherwise: ${outcome}, ${summary}`);
  const { raw } = await handle.describe();
  const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
  const history = isKept ? await handle.fetchHistory() : null;
  return {
    outcome,
    armedMs: moments.armed - beganAt,
    totalMs: moments.closed - beganAt,
    restoredMs: moments.restored === null || moments.decided === null ? null : moments.restored - moments.decided,
    events: Number(historyLength),
    bytes: Number(historySizeBytes),
    activities: history?.events?.filter((event) => event.activityTaskScheduledEventAttributes).length ?? 0,
  };
}
