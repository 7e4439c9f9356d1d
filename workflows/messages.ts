/** The Updates, Signals and the query of a guarded change: names and what the Web UI shows about each. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { checksSeen as checksSeenName } from '../domain/checks/live.ts';
import type { ArmedAnswer, PipelineWord } from '../domain/pipeline.ts';
import type { ChangeView } from '../domain/view.ts';

export const viewQuery = defineQuery<ChangeView>('view');

export const operatorUpdates = {
  approve: defineUpdate<string, [unknown?]>('approve'),
  reject: defineUpdate<string, [unknown?]>('reject'),
  abort: defineUpdate<string, [unknown?]>('abort'),
  confirm: defineUpdate<string, [unknown?]>('confirm'),
  extend: defineUpdate<string, [unknown?]>('extend'),
  abandon: defineUpdate<string, [unknown?]>('abandon'),
  acknowledge: defineUpdate<string, [unknown?]>('acknowledge'),
} as const;

export type OperatorWord = keyof typeof operatorUpdates;

export const operatorSignals = {
  approve: defineSignal<[unknown?]>('approve'),
  reject: defineSignal<[unknown?]>('reject'),
  abort: defineSignal<[unknown?]>('abort'),
  confirm: defineSignal<[unknown?]>('confirm'),
  extend: defineSignal<[unknown?]>('extend'),
  abandon: defineSignal<[unknown?]>('abandon'),
  acknowledge: defineSignal<[unknown?]>('acknowledge'),
} as const;

export const awaitArmed = defineUpdate<ArmedAnswer, []>('awaitArmed');
export const applied = defineUpdate<string, [PipelineWord?]>('applied');
export const failed = defineUpdate<string, [PipelineWord?]>('failed');

/** Sent by the agent when it has closed the journal on its own: lease run out, or a rescue on the host. */
export const journalClosed = defineSignal<[]>('journalClosed');

/** Sent by a watch, so that the details are live while nothing is decided. */
export const checksSeen = defineSignal<[unknown?]>(checksSeenName);

export const descriptions: Readonly<Record<OperatorWord, string>> = {
  approve: 'Let the change go ahead. Argument: nothing, or "name: reason", for example "Kim: seen the diff".',
  reject: 'Refuse the change before anything is touched. Argument: "name: reason".',
  abort: 'Stop the change; what was written is reverted. Argument: "name: reason".',
  confirm: 'Keep the change now, where the phase waits for it. Argument: "name: reason".',
  extend: 'Move the deadline of this phase. Argument: duration and reason, for example "10m: waiting for the DBA".',
  abandon: 'Give up an incomplete revert: a person takes over. Recorded. Argument: "name: reason".',
  acknowledge:
    'I take it: nobody else is called about what is critical. Argument: "name: reason", for example "Kim: I am on the host".',
};
