/** One notice as its workflow carries it, its Update and Signals, and how it is shown. */
import {
  ApplicationFailure,
  CancellationScope,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { noticeDetails, type Told } from '../domain/notify/details.ts';
import type { Notice } from '../domain/notify/notice.ts';
import type { Delivery } from '../domain/notify/plan.ts';
import { isProblem, parseOperatorInput } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';

export interface NoticeToSend {
  readonly notice: Notice;
  readonly delivery: Delivery;
  /** The change to tell that somebody has acknowledged; null: none. */
  readonly changeWorkflowId: string | null;
  /** Somebody will say when it is over (Signal `over`): an incident that was opened is closed then. */
  readonly hasEnd: boolean;
}

export interface NoticeFlow extends NoticeToSend {
  readonly startedAt: number;
  /** It goes on until somebody acknowledges. */
  readonly asks: boolean;
  readonly told: Told[];
  /** '' while nobody has. */
  acknowledgedBy: string;
  /** null: it is not over; '' when people hear of that by another notice. */
  over: string | null;
  nextAt: number | null;
  next: string;
  /** In it other places are asked whether somebody has acknowledged there. */
  readonly asking: CancellationScope;
  readonly askedThere: Set<string>;
}

export const acknowledge = defineUpdate<string, [unknown?]>('acknowledge');
export const acknowledgeSignal = defineSignal<[unknown?]>('acknowledge');
export const over = defineSignal<[string?]>('over');
/** To the change. */
export const acknowledged = defineSignal<[{ readonly key: string; readonly by: string }]>('noticeAcknowledged');

const description = 'I take it: nobody else is called. Argument: "name: reason", for example "Kim: I am on the host".';

export function openNotice(input: NoticeToSend): NoticeFlow {
  return {
    ...input,
    startedAt: Date.now(),
    asks: input.delivery.untilAcknowledged !== null,
    told: [],
    acknowledgedBy: '',
    over: null,
    nextAt: null,
    next: '',
    asking: new CancellationScope(),
    askedThere: new Set(),
  };
}

export function listenToAnswers(flow: NoticeFlow): void {
  const act = (input: unknown): string => {
    const { who, why } = parseOperatorInput(input) as Exclude<ReturnType<typeof parseOperatorInput>, Problem>;
    taken(flow, `${who ?? 'an operator'}${why === '' ? '' : `: ${why}`}`);
    return 'acknowledge: recorded';
  };
  setHandler(
    acknowledge,
    (input?: unknown) => {
      const refused = refuse(flow, input);
      if (refused) throw ApplicationFailure.nonRetryable(inWords(refused), refused.code, refused);
      return act(input);
    },
    {
      description,
      validator: (input?: unknown) => {
        const refused = refuse(flow, input);
        if (refused) throw new Error(inWords(refused));
      },
    },
  );
  setHandler(acknowledgeSignal, (input?: unknown) => void (refuse(flow, input) ?? act(input)), { description });
  setHandler(over, (words = '') => {
    flow.over ??= words;
  });
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

/** Somebody has, here or where it was told; the first one counts. */
export function taken(flow: NoticeFlow, by: string): void {
  if (isTaken(flow)) return;
  flow.acknowledgedBy = by;
  next(flow, null, '');
  if (flow.changeWorkflowId === null) return;
  // The change may have ended: it is told, never waited for.
  void getExternalWorkflowHandle(flow.changeWorkflowId)
    .signal(acknowledged, { key: flow.notice.key, by })
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
  setCurrentDetails(noticeDetails(flow.notice, flow));
}
