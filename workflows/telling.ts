/** Telling people of a change's events: each is a workflow of its own that nobody waits for, so that no receiver delays anything. */
import { TypedSearchAttributes } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { orchestratorQueue } from '../domain/change.ts';
import { escapeMarkdown, shorten } from '../domain/markdown.ts';
import { type ChangeEvent, changeNotice, type Situation } from '../domain/notify/change-notices.ts';
import { noticeWorkflowId, type Notice, toldMemo, toldOf } from '../domain/notify/notice.ts';
import { callsUntil, deliveryOf, heardAtOnce, type Delivery } from '../domain/notify/plan.ts';
import { situationOf } from '../domain/notify/situation.ts';
import type { NoticeToSend } from '../domain/notify/to-send.ts';
import { longestSaying } from '../domain/operator-input.ts';
import type { Problem } from '../domain/problem.ts';
import { targetAttribute } from '../domain/search-attributes.ts';
import { saying, type Spoken } from './decisions.ts';
import type { End } from './ending.ts';
import { note, viewOf, type Flow } from './flow.ts';
import { isCalling } from './possible.ts';
import { acknowledged, acknowledgeSignal, over, type Over } from './notice-flow.ts';
import { record } from './recording.ts';
import { harmless } from './refusal.ts';
import type { sendNotice } from './send-notice.ts';

/**
 * Begins to tell people, and answers once that is certain: whoever ends right after must wait for it, others need not. One
 * that is being told already is not told twice at the same time.
 */
export async function tellPeople(
  notice: Notice,
  delivery: Delivery,
  of: Pick<NoticeToSend, 'changeWorkflowId' | 'hasEnd'> = { changeWorkflowId: null, hasEnd: false },
): Promise<'begun' | 'nobody' | 'already'> {
  if (delivery.steps.length === 0) return 'nobody';
  return CancellationScope.nonCancellable(async () => {
    try {
      await startChild<typeof sendNotice>('sendNotice', {
        workflowId: noticeWorkflowId(notice),
        args: [{ notice, delivery, ...of }],
        taskQueue: orchestratorQueue,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        // After a Reset it is told anew, under the same key.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: escapeMarkdown(shorten(`${notice.kind}: ${notice.headline}`, 150)),
        staticDetails: 'Tells people of one event, and goes on until somebody acknowledges where it is critical.',
        typedSearchAttributes: new TypedSearchAttributes([{ key: targetAttribute, value: notice.target }]),
        memo: { [toldMemo]: toldOf(notice) },
      });
      return 'begun';
    } catch {
      return 'already';
    }
  });
}

/** Says it and goes on; without `notify` in the change it does nothing at all. */
export function tell(flow: Flow, kind: ChangeEvent, more: Partial<Situation> = {}): void {
  const plan = flow.change?.notify;
  if (plan === undefined) return;
  const notice = noticeOf(flow, kind, more);
  const { key, severity, dependents } = notice;
  const delivery = deliveryOf(plan, notice);
  const until = callsUntil(delivery, Date.now());
  flow.told.push({ kind, key, severity, dependents, callsUntil: until, acknowledgedBy: '', isOver: false });
  const { workflowId } = workflowInfo();
  void tellPeople(notice, delivery, { changeWorkflowId: workflowId, hasEnd: kind === 'revert-incomplete' });
}

function noticeOf(flow: Flow, kind: ChangeEvent, more: Partial<Situation>): Notice {
  const { workflowId, runId } = workflowInfo();
  const n = flow.told.filter((told) => told.kind === kind).length + 1;
  const situation = situationOf({
    ...viewOf(flow),
    workflowId,
    runId,
    at: Date.now(),
    attribution: flow.attribution,
    approvalsNeeded: flow.approvalsNeeded,
    ignore: [...flow.ignore, ...flow.aside],
    watched: flow.evidence.watch,
    conflicts: flow.conflicts,
    dependents: flow.dependents,
    revertedBy: flow.revertedBy,
    told: flow.told.filter(({ severity }) => severity !== 'info'),
  });
  return changeNotice(kind, n, { ...situation, ...more });
}

/** At most once until it is over, however often it is seen. */
export function tellOnce(flow: Flow, kind: ChangeEvent): void {
  if (!flow.told.some((told) => told.kind === kind && !told.isOver)) tell(flow, kind);
}

/** Whoever was told of the change hears its end, whatever it is; of a change that nobody heard of, nobody does. */
export function tellEnd(flow: Flow, { outcome, summary }: End): void {
  const isTold = flow.told.some(({ kind }) => kind === 'reverted' || kind === 'kept' || kind === 'ended');
  if (flow.told.length > 0 && !isTold) tell(flow, outcome === 'kept' ? 'kept' : 'ended', { why: summary });
}

/** Ends the escalation of what is over. */
export function tellOver(flow: Flow, kind: ChangeEvent, how: Over): void {
  for (const told of flow.told) {
    if (told.kind !== kind || told.isOver) continue;
    told.isOver = true;
    void endNotice(told.key, how);
  }
}

/** For those who were called later than the ones who hear `kind`, which is told next. */
export function endBy(flow: Flow, kind: ChangeEvent, why: string): Over {
  const plan = flow.change?.notify;
  if (plan === undefined) return {};
  const notice = noticeOf(flow, kind, { why });
  return { words: notice.headline, told: heardAtOnce(deliveryOf(plan, notice)) };
}

/** Passes on what an operator said to the change. One that cannot be reached may be acknowledged again. */
export async function acknowledgeNotices(flow: Flow, spoken: Spoken): Promise<Problem | null> {
  const reached = await Promise.all(
    flow.told.filter(isCalling).map(async (told) => {
      told.acknowledgedBy = saying(spoken);
      // As fields: name and reason together may be longer than one text may be.
      const isReached = await send(told.key, (handle) => handle.signal(acknowledgeSignal, { ...spoken }));
      if (!isReached) told.acknowledgedBy = '';
      return isReached;
    }),
  );
  return reached.includes(true) ? null : unreached;
}

const unreached: Problem = {
  code: 'not-acknowledged',
  message: 'it could not be passed on to the notice that calls people: it has just begun, or has ended',
  hint: 'Try again.',
};

export function listenToNotices(flow: Flow): void {
  setHandler(
    acknowledged,
    harmless((input) => {
      // Any client may send it.
      const { key, by, who, why } = (typeof input === 'object' && input !== null ? input : {}) as Record<
        string,
        unknown
      >;
      const told = flow.told.find((one) => one.key === key);
      if (typeof by !== 'string' || by === '' || told === undefined || told.acknowledgedBy !== '') return;
      told.acknowledgedBy = shorten(by, longestSaying);
      note(flow, `${told.kind}: acknowledged by ${told.acknowledgedBy}`);
      // Notices of an earlier version say both in one text.
      const apart = typeof who === 'string' && typeof why === 'string';
      record(flow, { word: 'acknowledge', ...(apart ? { who, why } : { who: by, why: '' }) });
    }),
    { description: 'Sent by a notice, when somebody has acknowledged it.' },
  );
}

/** Without words people hear by another notice that it is over, or that something else took its place. */
export async function endNotice(key: string, how: Over): Promise<void> {
  await send(key, (handle) => handle.signal(over, how));
}

/** Whether it was taken: a notice may have ended. */
function send(
  key: string,
  say: (handle: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
): Promise<boolean> {
  return CancellationScope.nonCancellable(() =>
    say(getExternalWorkflowHandle(noticeWorkflowId({ key }))).then(
      () => true,
      () => false,
    ),
  );
}
