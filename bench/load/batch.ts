/** Guarded changes of many targets, at once or one after the other, and what each of them took. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { type ChangeRequest, orchestratorQueue, workflowIdOf } from '../../domain/change.ts';
import type { ChangeResult } from '../../domain/result.ts';
import { phaseAttribute } from '../../domain/search-attributes.ts';
import { aChange, denyingChange } from './changes.ts';
import { failures } from './places.ts';
import type { LoadStage } from './stage.ts';

export interface Done {
  readonly hasServer: boolean;
  readonly outcome: string;
  /** From the request, ms. */
  readonly armedMs: number;
  /** Unix ms. */
  readonly armedAt: number;
  readonly decidedAt: number;
  /** From the request to the end, without the soak, ms. Kept ones only. */
  readonly besideSoakMs: number | null;
  /** From the verdict, ms. Reverted ones only. */
  readonly restoredMs: number | null;
  readonly soakMs: number;
  readonly events: number;
  readonly bytes: number;
  readonly activities: number;
}

export interface Load {
  readonly atOnce: number;
  /** Over which the verdicts are spread. */
  readonly spreadMs: number;
  /** The others are reverted. */
  readonly keepsHalf: boolean;
}

interface Batch extends Load, Pick<LoadStage, 'client' | 'switchboard'> {
  readonly targets: LoadStage['targets'];
  readonly progress: (line: string) => void;
}

interface One {
  readonly target: string;
  readonly hasServer: boolean;
  readonly isKept: boolean;
  readonly verdictAfterMs: number;
}

/** The shortest soak, and the least time before a dependent fails. */
const leastMs = 3_000;
const pollMs = 500;

export async function runBatch(batch: Batch): Promise<readonly Done[]> {
  const done: Done[] = [];
  const queue = [true, false].flatMap((hasServer) => plan(batch, hasServer));
  const count = queue.length;
  const next = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      done.push(await oneChange(batch, one));
      if (done.length % 20 === 0 || done.length === count) batch.progress(`${done.length}/${count} changes`);
    }
  };
  await Promise.all(Array.from({ length: batch.atOnce }, next));
  return done;
}

function plan({ targets, spreadMs, keepsHalf }: Batch, hasServer: boolean): readonly One[] {
  const own = hasServer ? targets.real : targets.simulated;
  return own.map((target, at) => ({
    target,
    hasServer,
    isKept: keepsHalf && at % 2 === 0,
    verdictAfterMs: leastMs + (spreadMs * at) / own.length,
  }));
}

async function oneChange({ client, switchboard, spreadMs }: Batch, one: One): Promise<Done> {
  const { target, hasServer, isKept, verdictAfterMs } = one;
  const denies = hasServer && !isKept;
  // A denial decides as soon as the change is in force: for a verdict at its time, this change begins later.
  if (denies && spreadMs > 0) await sleep(verdictAfterMs);
  const changeId = `load-${randomBytes(4).toString('hex')}`;
  const soakMs = Math.round((isKept ? verdictAfterMs : verdictAfterMs + 120_000) / 1_000) * 1_000;
  const request: ChangeRequest = {
    target,
    changeId,
    change: denies ? denyingChange : aChange,
    requestedBy: 'bench',
    overrides: { soak: `${soakMs / 1_000}s`, ...(denies ? { allowAccessLoss: true } : {}) },
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
  if (!isKept && !denies) {
    await Promise.race([sleep(verdictAfterMs).then(() => untilWatched(handle)), ended]);
    switchboard.fail(target, failures);
  }
  const { outcome, reason, summary, moments } = await ended;
  const expected = isKept ? outcome === 'kept' : outcome === 'reverted' && reason === 'check-failed';
  if (!expected || moments.armed === null || moments.decided === null)
    throw new Error(`${target} ended otherwise: ${outcome}, ${summary}`);
  const { raw } = await handle.describe();
  const { historyLength, historySizeBytes } = raw.workflowExecutionInfo ?? {};
  const { events } = isKept ? await handle.fetchHistory() : { events: [] };
  return {
    hasServer,
    outcome,
    armedMs: moments.armed - beganAt,
    armedAt: moments.armed,
    decidedAt: moments.decided,
    besideSoakMs: isKept ? moments.closed - beganAt - soakMs : null,
    restoredMs: moments.restored === null ? null : moments.restored - moments.decided,
    soakMs,
    events: Number(historyLength),
    bytes: Number(historySizeBytes),
    activities: events?.filter((event) => event.activityTaskScheduledEventAttributes).length ?? 0,
  };
}

/** A dependent that fails before would be red in the baseline. */
async function untilWatched(handle: WorkflowHandle): Promise<void> {
  for (;;) {
    const { searchAttributes, status } = await handle.describe();
    const [phase] = (searchAttributes[phaseAttribute.name] ?? []) as readonly unknown[];
    if (phase === 'watch' || status.name !== 'RUNNING') return;
    await sleep(pollMs);
  }
}
