/** One workflow as clients ask it: Updates that are not lost and not said twice, its view, its run, its end. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelledFailure,
  type Client,
  type WorkflowHandle,
  WorkflowFailedError,
  WorkflowUpdateStage,
} from '@temporalio/client';
import { isUnavailable, refusalOf, refused } from './refusals.ts';
import type { Refused } from './refusals.ts';

export type Said = { readonly kind: 'recorded'; readonly text: string } | Refused;

/** A worker that is there takes an Update in milliseconds. */
const acceptTimeoutMs = 10_000;
/** What follows the acceptance is a step or two of the workflow. */
const answerTimeoutMs = 60_000;
const pauseMs = 1_000;

/** What anybody may ask of it. */
export interface Seen<View, Result> {
  view(): Promise<{ readonly kind: 'view'; readonly view: View } | Refused>;
  /** The run that asks now; an approval is signed for it. */
  run(): Promise<{ readonly kind: 'run'; readonly runId: string } | Refused>;
  /** Waits for the end, however long it takes. */
  result(): Promise<{ readonly kind: 'closed'; readonly result: Result } | Refused>;
}

export interface Asking<View, Result> extends Seen<View, Result> {
  readonly handle: WorkflowHandle;
  /** `patienceMs`: for so long it is tried again while Temporal is away. `answerMs` null: the answer may take its time. */
  send<T>(name: string, args: [] | [unknown], answerMs: number | null, patienceMs: number): Promise<T>;
  update(name: string, args: [] | [unknown], patienceMs?: number): Promise<Said>;
}

/** `whenFailed`: what to do about one that ended without a result. */
export function asking<View, Result>(client: Client, workflowId: string, whenFailed?: string): Asking<View, Result> {
  const handle = client.workflow.getHandle(workflowId);
  const deadline = <T>(ms: number, run: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + ms, run);
  const refusing = async <T>(ask: () => Promise<T>): Promise<T | Refused> => {
    try {
      return await ask();
    } catch (error) {
      return refusalOf(error, workflowId);
    }
  };
  /** An Update that is repeated with its id is the same Update: a lost answer is asked for again, not said twice. */
  const send = async <T>(
    name: string,
    args: [] | [unknown],
    answerMs: number | null,
    patienceMs: number,
  ): Promise<T> => {
    const updateId = randomUUID();
    return patiently(patienceMs, async () => {
      const options = { waitForStage: WorkflowUpdateStage.ACCEPTED, updateId };
      const [word] = args;
      const started = await deadline(acceptTimeoutMs, () =>
        word === undefined
          ? handle.startUpdate<T, []>(name, options)
          : handle.startUpdate<T, [unknown]>(name, { ...options, args: [word] }),
      );
      return answerMs === null ? started.result() : deadline(answerMs, () => started.result());
    });
  };
  return {
    handle,
    send,
    update: (name, args, patienceMs = 0) =>
      refusing(async () => ({
        kind: 'recorded' as const,
        text: await send<string>(name, args, answerTimeoutMs, patienceMs),
      })),
    view: () =>
      refusing(async () => ({
        kind: 'view' as const,
        view: await deadline(acceptTimeoutMs, () => handle.query<View>('view')),
      })),
    run: () =>
      refusing(async () => {
        const { runId } = await deadline(acceptTimeoutMs, () => handle.describe());
        return { kind: 'run' as const, runId };
      }),
    result: async () => {
      try {
        return { kind: 'closed', result: (await patiently(Infinity, () => handle.result())) as Result };
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) return refusalOf(error, workflowId);
        const { cause } = error;
        const ended = cause instanceof CancelledFailure ? 'was cancelled' : 'ended without a result';
        return refused({
          code: 'workflow-failed',
          message: `workflow ${workflowId} ${ended}`,
          detail: cause?.message ?? error.message,
          ...(whenFailed === undefined ? {} : { hint: whenFailed }),
        });
      }
    },
  };
}

/** Repeats while Temporal is away. */
async function patiently<T>(patienceMs: number, ask: () => Promise<T>): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() - started > patienceMs) throw error;
      await sleep(pauseMs);
    }
  }
}
