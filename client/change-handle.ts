/** One guarded change, seen from outside: look at it, decide about it, wait for its end. */
import type { Client } from '@temporalio/client';
import type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { ChangeView } from '../domain/view.ts';
import { workflowIdOf } from '../domain/change.ts';
import { acknowledge } from './acknowledge.ts';
import { asking, type Said, type Seen } from './asking.ts';
import { refusalOf } from './refusals.ts';
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

export type { Said } from './asking.ts';
export type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';

export interface ChangeHandle extends Seen<ChangeView, ChangeResult> {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
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
}

/** A pipeline's word is worth waiting for: without it the change is reverted. Longer than the default lease it need not be. */
const pipelinePatienceMs = 15 * 60_000;

const whenFailed =
  'The agent reverts an armed change whose workflow is gone; see "knowngood status" and "knowngood rescue --show" on the host.';

export function changeHandle(client: Client, target: string, changeId: string): ChangeHandle {
  const workflowId = workflowIdOf(target, changeId);
  const { handle, send, update, view, run, result } = asking<ChangeView, ChangeResult>(client, workflowId, whenFailed);
  const say = (word: OperatorWord, said?: Words): Promise<Said> => {
    const toChange = (): Promise<Said> => update(word, said === undefined ? [] : [said]);
    return word === 'acknowledge'
      ? acknowledge(client, { target, changeId }, typeof said === 'string' ? said : undefined, toChange)
      : toChange();
  };
  return {
    target,
    changeId,
    workflowId,
    view,
    run,
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
    result,
  };
}
