/** What a channel is asked to say: a notice, that somebody has taken it, or that it is over. */
import { sentence } from '../format.ts';
import { oneLine, shorten } from '../markdown.ts';
import { asFact, type Notice, type NoticeKind, type Severity } from './notice.ts';

export type Act = 'tell' | 'acknowledged' | 'over';

export interface Telling {
  readonly act: Act;
  readonly notice: Notice;
  /** Who acknowledged and why, or how it ended; '' for `tell`. */
  readonly by: string;
  /** Why it comes here: a dead channel, nobody who acknowledged. Plain sentences. */
  readonly because: readonly string[];
  /** To the workflow in the Temporal Web UI; null: its address is not known. */
  readonly link: string | null;
}

/** What happened, in as few words as a subject line needs. */
export const eventNames: Readonly<Record<NoticeKind, string>> = {
  'approval-wanted': 'Approval wanted',
  armed: 'Change begins',
  failing: 'Dependent is failing',
  degraded: 'Dependent suffers',
  holding: 'Change is held',
  reverting: 'Reverting',
  reverted: 'Reverted',
  'revert-incomplete': 'REVERT INCOMPLETE',
  'still-failing': 'STILL FAILING',
  kept: 'Change is kept',
  ended: 'Change is over',
  drift: 'Configuration drifts',
  'drift-gone': 'Drift is gone',
  'drift-unknown': 'Looks for drift',
  test: 'Test',
};

const acts: Readonly<Record<Act, string>> = { tell: '', acknowledged: 'Acknowledged: ', over: 'Over: ' };

/** `Reverted · shop-db`, one line. */
export function titleOf({ act, notice }: Telling): string {
  return `${acts[act]}${eventNames[notice.kind]} · ${oneLine(notice.target)}`;
}

/** The sentence that stands first. */
export function leadOf({ act, notice, by }: Telling): string {
  const line = oneLine(act === 'tell' ? notice.headline : by);
  const lead = shorten(line === '' ? notice.headline : line, 300);
  // The name of a target stays as it is written.
  return lead.startsWith(notice.target)
    ? `${notice.target}${sentence(lead).slice(notice.target.length)}`
    : sentence(lead);
}

const mostFacts = 12;

/** Sentences under the first, each one line. Who has heard it all gets no second copy. */
export function factsOf({ act, notice, because }: Telling): readonly string[] {
  const reasons = because.map(asFact);
  if (act !== 'tell') return [asFact(notice.headline), ...reasons];
  const left = notice.facts.length - mostFacts;
  const facts = notice.facts.slice(0, mostFacts).map(asFact);
  return [...reasons, ...facts, ...(left > 0 ? [`and ${left} more; see the workflow`] : [])];
}

export function actionsOf({ act, notice }: Telling): readonly string[] {
  return act === 'tell' ? notice.actions.slice(0, mostFacts).map(asFact) : [];
}

/** The same for every repeat of one message to one channel, and for no other message. */
export function messageKey({ act, notice }: Telling): string {
  return act === 'tell' ? notice.key : `${notice.key}:${act}`;
}

export const severityWords: Readonly<Record<Severity, string>> = {
  info: 'for information',
  warning: 'warning',
  critical: 'critical: acknowledge it, or others are told',
};
