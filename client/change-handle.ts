/** One guarded change, seen from outside: look at it, decide about it, wait for its end. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure, WorkflowFailedError, WorkflowUpdateStage } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { ChangeView } from '../domain/view.ts';
import { workflowIdOf } from '../domain/change.ts';
import { acknowledge } from './acknowledge.ts';
import { isUnavailable, refusalOf, refused } from './refusals.ts';
import type { Refused } from './refusals.ts';

/** `said`: nothing, or `"name: reason"`; for `extend` `"10m: reason"`. */
export type OperatorWord = 'approve' | 'reject' | 'abort' | 'confirm' | 'extend' | 'abandon' | 'acknowledge';

/** What binds a word to a change and its plan. */
export interface BoundWords {
  readonly who?: string;
  readonly why?: string;
  readonly changeId?: string;
  readonly planHash?: string;
}

/** Of an approval: the text and its signature, in the form of `ssh-keygen -Y sign` (docs/approvals.md). */
export interface SignedWords {
  readonly statement: string;
  readonly signature: string;
}

export type Words = string | BoundWords | SignedWords;

export type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';

export type Said = { readonly kind: 'recorded'; readonly text: string } | Refused;

export interface ChangeHandle {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  view(): Promise<{ readonly kind: 'view'; readonly view: ChangeView } | Refused>;
  /** The run that asks now; an approval is signed for it. */
  run(): Promise<{ readonly kind: 'run'; readonly runId: string } | Refused>;
  say(word: OperatorWord, said?: Words): Promise<Said>;
  approve(said?: Words): Promise<Said>;
  reject(note?: string): Promise<Said>;
  abort(note?: string): Promise<Said>;
  confirm(note?: string): Promise<Said>;
  extend(note: string): Promise<Said>;
  abandon(note?: string): Promise<Said>;
  /** Of what people are being called about; also once the change has ended. */
  acknowledge(note?: string): Promise<Said>;
  /** Temporal's own Cancel: an abort that needs no worker to be heard. */
  cancel(): Promise<void>;
  /** Answers when the change may begin, or when it has ended instead; may take as long as an approval takes. */
  awaitArmed(): Promise<{ readonly kind: 'answered'; readonly answer: ArmedAnswer } | Refused>;
  applied(word?: PipelineWord): Promise<Said>;
  failed(word?: PipelineWord): Promise<Said>;
  /** Waits for the end, however long it takes. */
  result(): Promise<{ readonly kind: 'closed'; readonly result: ChangeResult } | Refused>;
}

/** A worker that is there takes an Update in milliseconds. */
const acceptTimeoutMs = 10_000;
/** What follows the acceptance is a step or two of the workflow. */
const answerTimeoutMs = 60_000;
/** A pipeline's word is worth waiting for: without it the change is reverted. Longer than the default lease it need not be. */
const pipelinePatienceMs = 15 * 60_000;
const pauseMs = 1_000;

export function changeHandle(client: Client, target: string, changeId: string): ChangeHandle {
  const workflowId = workflowIdOf(target, changeId);
  const handle = client.workflow.getHandle(workflowId);
  const deadline = <T>(ms: number, run: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + ms, run);
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
  const update = async (name: string, args: [] | [unknown], patienceMs = 0): Promise<Said> => {
    try {
      return { kind: 'recorded', text: await send<string>(name, args, answerTimeoutMs, patienceMs) };
    } catch (error) {
      return refusalOf(error, workflowId);
    }
  };
  const say = (word: OperatorWord, said?: Words): Promise<Said> => {
    const send = (): Promise<Said> => update(word, said === undefined ? [] : [said]);
    return word === 'acknowledge'
      ? acknowledge(client, { target, changeId }, typeof said === 'string' ? said : undefined, send)
      : send();
  };
  return {
    target,
    changeId,
    workflowId,
    view: async () => {
      try {
        return { kind: 'view', view: await deadline(acceptTimeoutMs, () => handle.query<ChangeView>('view')) };
      } catch (error) {
        return refusalOf(error, workflowId);
      }
    },
    run: async () => {
      try {
        const { runId } = await deadline(acceptTimeoutMs, () => handle.describe());
        return { kind: 'run', runId };
      } catch (error) {
        return refusalOf(error, workflowId);
      }
    },
    say,
    approve: (said) => say('approve', said),
    reject: (note) => say('reject', note),
    abort: (note) => say('abort', note),
    confirm: (note) => say('confirm', note),
    extend: (note) => say('extend', note),
    abandon: (note) => say('abandon', note),
    acknowledge: (note) => say('acknowledge', note),
    cancel: async () => {
      await handle.cancel().catch((error: unknown) => void refusalOf(error, workflowId));
    },
    awaitArmed: async () => {
      try {
        for (;;) {
          const askedAt = performance.now();
          const answer = await send<ArmedAnswer>('awaitArmed', [], null, pipelinePatienceMs);
          const age = performance.now() - askedAt;
          // It may have been on its way for hours: only one that came soon enough is good to begin with.
          if (!answer.armed || age <= (answer.goodForMs ?? Infinity)) return { kind: 'answered', answer };
        }
      } catch (error) {
        return refusalOf(error, workflowId);
      }
    },
    applied: (word = {}) => update('applied', [word], pipelinePatienceMs),
    failed: (word = {}) => update('failed', [word], pipelinePatienceMs),
    result: () => resultOf(handle, workflowId),
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

async function resultOf(handle: WorkflowHandle, workflowId: string): ReturnType<ChangeHandle['result']> {
  try {
    const result = await patiently(Infinity, () => handle.result());
    return { kind: 'closed', result: result as ChangeResult };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) return refusalOf(error, workflowId);
    const { cause } = error;
    const ended = cause instanceof CancelledFailure ? 'was cancelled' : 'ended without a result';
    return refused({
      code: 'workflow-failed',
      message: `workflow ${workflowId} ${ended}`,
      detail: cause?.message ?? error.message,
      hint: 'The agent reverts an armed change whose workflow is gone; see "knowngood status" and "knowngood rescue --show" on the host.',
    });
  }
}
