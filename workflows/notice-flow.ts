/** One notice as its workflow carries it, its Update and Signals, and how it is shown. */
import {
  CancellationScope,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { mostTold, noticeDetails, type Told } from '../domain/notify/details.ts';
import { callsUntil, type ChannelKind } from '../domain/notify/plan.ts';
import type { NoticeToSend } from '../domain/notify/to-send.ts';
import { shorten } from '../domain/markdown.ts';
import { isProblem, longestSaying, parseOperatorInput } from '../domain/operator-input.ts';
import type { Problem } from '../domain/problem.ts';
import { saying, type Spoken } from './decisions.ts';
import { failedUpdate, refusal } from './refusal.ts';

export interface NoticeFlow extends NoticeToSend {
  readonly startedAt: number;
  /** It goes on until somebody acknowledges; no longer once it has given up. */
  asks: boolean;
  /** The last of them, oldest first: what repeats itself for days must not outgrow what Temporal takes. */
  readonly told: Told[];
  /** Of all tries: those that `told` holds no more among them. */
  readonly counts: { tries: number; delivered: number; dead: number };
  /** Channels that have heard of it, and their kind. */
  readonly heard: Map<string, ChannelKind>;
  /** '' while nobody has. */
  acknowledgedBy: string;
  /** null: it is not over; '' when people hear of that by another notice. */
  over: string | null;
  /** Another notice of the same matter took its place: what was opened is closed by that one. */
  goesOn: boolean;
  /** Channels that hear by another notice that it is over. */
  readonly knowing: Set<string>;
  nextAt: number | null;
  next: string;
  /** In it other places are asked whether somebody has acknowledged there. */
  readonly asking: CancellationScope;
  readonly askedThere: Set<string>;
}

export const acknowledge = defineUpdate<string, [unknown?]>('acknowledge');
export const acknowledgeSignal = defineSignal<[unknown?]>('acknowledge');
export const over = defineSignal<[unknown?]>('over');

/** What it may be sent with; a text is its words. */
export interface Over {
  /** How it ended, for whoever heard of it. Absent: they hear that by another notice. */
  readonly words?: string;
  /** Channels that hear it by another notice all the same. */
  readonly told?: readonly string[];
  /** What it opened stays open. */
  readonly goesOn?: true;
}

/** To the change. */
export const acknowledged = defineSignal<[unknown?]>('noticeAcknowledged');

const longestWords = 200;
const mostKnowing = 1_000;
const nothing = { words: undefined, told: undefined, goesOn: undefined };

const description = 'I take it: nobody else is called. Argument: "name: reason", for example "Kim: I am on the host".';

export function openNotice(input: NoticeToSend): NoticeFlow {
  return {
    ...input,
    startedAt: Date.now(),
    asks: callsUntil(input.delivery, 0) !== null,
    told: [],
    counts: { tries: 0, delivered: 0, dead: 0 },
    heard: new Map(),
    acknowledgedBy: '',
    over: null,
    goesOn: false,
    knowing: new Set(),
    nextAt: null,
    next: '',
    asking: new CancellationScope(),
    askedThere: new Set(),
  };
}

export function listenToAnswers(flow: NoticeFlow): void {
  const act = (input: unknown): string => {
    const { who, why } = parseOperatorInput(input) as Exclude<ReturnType<typeof parseOperatorInput>, Problem>;
    taken(flow, { who: who ?? 'an operator', why });
    return 'acknowledge: recorded';
  };
  setHandler(
    acknowledge,
    (input?: unknown) => {
      const refused = refuse(flow, input);
      if (refused) throw failedUpdate(refused);
      return act(input);
    },
    {
      description,
      validator: (input?: unknown) => {
        const refused = refuse(flow, input);
        if (refused) throw refusal(refused);
      },
    },
  );
  setHandler(acknowledgeSignal, (input?: unknown) => void (refuse(flow, input) ?? act(input)), { description });
  setHandler(
    over,
    (input?: unknown) => {
      if (flow.over !== null) return;
      // Any client may send it.
      const said: Readonly<Record<keyof Over, unknown>> =
        typeof input === 'object' && input !== null ? { ...nothing, ...input } : { ...nothing, words: input };
      flow.over = typeof said.words === 'string' ? shorten(said.words, 500) : '';
      flow.goesOn = said.goesOn === true;
      if (Array.isArray(said.told)) for (const name of said.told.slice(0, mostKnowing)) flow.knowing.add(String(name));
    },
    { description: 'Sent by the change or the look that it speaks of, when it is over.' },
  );
}

function refuse(flow: NoticeFlow, input: unknown): Problem | null {
  const parsed = parseOperatorInput(input);
  if (isProblem(parsed)) return parsed;
  if (!flow.asks) return { code: 'nothing-to-acknowledge', message: 'nothing to acknowledge: nobody is being called' };
  if (flow.over !== null) return { code: 'over', message: 'nothing to acknowledge: it is over' };
  return flow.acknowledgedBy === ''
    ? null
    : { code: 'acknowledged-already', message: `it has been acknowledged already, by ${flow.acknowledgedBy}` };
}

/** Begins a try, and answers with what to say once it has ended. */
export function tried(flow: NoticeFlow, entry: Told): (end: Pick<Told, 'state' | 'words'>) => void {
  const { told, counts, heard } = flow;
  let shown = entry;
  told.push(shown);
  if (told.length > mostTold) told.shift();
  counts.tries += 1;
  showNotice(flow);
  return ({ state, words }) => {
    if (state === 'delivered') heard.set(entry.channel, entry.kind);
    if (state !== 'sending') counts[state] += 1;
    const place = told.indexOf(shown);
    shown = { ...entry, state, words: shorten(words, longestWords), at: Date.now() };
    if (place >= 0) told[place] = shown;
    showNotice(flow);
  };
}

/** Somebody has, here or where it was told; the first one counts. */
export function taken(flow: NoticeFlow, spoken: Spoken): void {
  if (isTaken(flow)) return;
  flow.acknowledgedBy = shorten(saying(spoken), longestSaying);
  next(flow, null, '');
  if (flow.changeWorkflowId === null) return;
  // The change may have ended: it is told, never waited for.
  void getExternalWorkflowHandle(flow.changeWorkflowId)
    .signal(acknowledged, { key: flow.notice.key, by: flow.acknowledgedBy, ...spoken })
    .catch(() => undefined);
}

export function isTaken({ acknowledgedBy, over: ended }: NoticeFlow): boolean {
  return acknowledgedBy !== '' || ended !== null;
}

/** What comes next, shown to whoever looks; '' for nothing. */
export function next(flow: NoticeFlow, at: number | null, text: string): void {
  flow.nextAt = at;
  flow.next = text;
  showNotice(flow);
}

export function showNotice(flow: NoticeFlow): void {
  setCurrentDetails(noticeDetails(flow.notice, { ...flow, tries: flow.counts.tries }));
}
