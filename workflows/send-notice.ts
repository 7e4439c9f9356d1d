/**
 * Tells people of one event: its teams at once, others when they cannot be reached, and of a critical one more and more people
 * until somebody acknowledges. Nobody waits for it: the change that it speaks of goes on.
 */
import { allHandlersFinished, ApplicationFailure, condition, patched } from '@temporalio/workflow';
import { listText } from '../domain/format.ts';
import type { Told } from '../domain/notify/details.ts';
import type { DeliveryStep } from '../domain/notify/plan.ts';
import { readNoticeToSend, type NoticeToSend } from '../domain/notify/to-send.ts';
import { isProblem } from '../domain/operator-input.ts';
import { tellAfterwards, tellTeams } from './notice-channels.ts';
import { isTaken, listenToAnswers, next, openNotice, showNotice, type NoticeFlow } from './notice-flow.ts';

export interface NoticeResult {
  /** Of all tries at channels. */
  readonly counts: { readonly tries: number; readonly delivered: number; readonly dead: number };
  /** The last of them, oldest first. */
  readonly told: readonly Told[];
  readonly acknowledgedBy: string | null;
}

/** After somebody has taken it, it is still to be closed where it was opened. */
const longestCareMs = 7 * 86_400_000;

export async function sendNotice(input: NoticeToSend): Promise<NoticeResult> {
  const read = readNoticeToSend(input);
  if (isProblem(read)) throw ApplicationFailure.nonRetryable(read.message, 'InvalidRequest', read);
  const flow = openNotice(read);
  listenToAnswers(flow);
  showNotice(flow);
  await tellAll(flow);
  if (flow.acknowledgedBy !== '') await tellAfterwards(flow, 'acknowledged', `${flow.acknowledgedBy} has taken it`);
  if (flow.delivery.untilAcknowledged !== null && flow.hasEnd) await untilOver(flow);
  flow.asking.cancel();
  next(flow, null, '');
  await condition(allHandlersFinished);
  return { counts: flow.counts, told: flow.told, acknowledgedBy: flow.acknowledgedBy || null };
}

async function tellAll(flow: NoticeFlow): Promise<void> {
  const { delivery, startedAt } = flow;
  let unreached: readonly string[] = [];
  const reached = new Set<string>();
  for (const [i, step] of delivery.steps.entries()) {
    const missed = unreached.length > 0;
    if (step.afterMs === null && !missed) continue;
    // Nobody to wait for: the next ones are told at once.
    const waits = i > 0 && step.afterMs !== null && !missed;
    if (waits) await untilTaken(flow, startedAt + (step.afterMs ?? 0), namesOf(step));
    if (isTaken(flow)) return;
    unreached = await tellTeams(flow, step, waits ? [nobodyYet] : unreached, reached);
  }
  if (delivery.untilAcknowledged === null || isTaken(flow)) return;
  const { repeatMs, giveUpMs } = delivery.untilAcknowledged;
  const last = delivery.steps.at(-1);
  while (last !== undefined && Date.now() + repeatMs < startedAt + giveUpMs) {
    await untilTaken(flow, Date.now() + repeatMs, `${namesOf(last)} again`);
    if (isTaken(flow)) return;
    await tellTeams(flow, last, [nobodyYet]);
  }
  await untilTaken(flow, startedAt + giveUpMs, 'nobody more: the telling ends');
  if (isTaken(flow)) return;
  // Nobody is called any more, so there is nothing to take.
  flow.asks = false;
  flow.asking.cancel();
}

const nobodyYet = 'Nobody has acknowledged it yet.';

async function untilTaken(flow: NoticeFlow, at: number, whom: string): Promise<void> {
  next(flow, at, `${whom}, unless somebody acknowledges`);
  const leftMs = at - Date.now();
  if (leftMs > 0) await condition(() => isTaken(flow), leftMs, { summary: `then ${whom}` });
  next(flow, null, '');
}

/** Who pages has an incident open, to be closed; people are told only what no other notice tells them. */
async function untilOver(flow: NoticeFlow): Promise<void> {
  const isPaged = [...flow.heard.values()].includes('pagerduty');
  if (flow.over === null && !isPaged && !patched('whoever-was-called-hears-the-end')) return;
  next(flow, null, 'who was called hears of it, once it is over');
  await condition(() => flow.over !== null, longestCareMs, { summary: 'until it is over' });
  const words = flow.over;
  if (words !== null && !flow.goesOn)
    await tellAfterwards(
      flow,
      'over',
      words,
      (kind, name) => kind === 'pagerduty' || (words !== '' && !flow.knowing.has(name)),
    );
}

function namesOf({ teams }: DeliveryStep): string {
  return listText(teams.map(({ team }) => team));
}
