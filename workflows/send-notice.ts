/**
 * Tells people of one event: its teams at once, others when they cannot be reached, and of a critical one more and more people
 * until somebody acknowledges. Nobody waits for it: the change that it speaks of goes on.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/contract.ts';
import { orchestratorQueue } from '../domain/change.ts';
import { countText, listText } from '../domain/format.ts';
import { noticeDetails, type Told } from '../domain/notify/details.ts';
import type { Notice } from '../domain/notify/notice.ts';
import type { Channel, Delivery, DeliveryStep, TeamDelivery } from '../domain/notify/plan.ts';
import type { Act } from '../domain/notify/telling.ts';
import { isProblem, parseOperatorInput } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import { problemOf } from './ending.ts';

export interface NoticeToSend {
  readonly notice: Notice;
  readonly delivery: Delivery;
  /** The change to tell that somebody has acknowledged; null: none. */
  readonly changeWorkflowId: string | null;
  /** Somebody will say when it is over (Signal `over`): an incident that was opened is closed then. */
  readonly hasEnd: boolean;
}

export interface NoticeResult {
  readonly told: readonly Told[];
  readonly acknowledgedBy: string | null;
}

export const acknowledge = defineUpdate<string, [unknown?]>('acknowledge');
export const acknowledgeSignal = defineSignal<[unknown?]>('acknowledge');
/** It is over: '' when people hear of that by another notice. */
export const over = defineSignal<[string?]>('over');
/** To the change. */
export const acknowledged = defineSignal<[{ readonly key: string; readonly by: string }]>('noticeAcknowledged');

const acknowledgeHelp =
  'I take it: nobody else is called. Argument: "name: reason", for example "Kim: I am on the host".';

/** After somebody has taken it, it is still to be closed where it was opened. */
const longestCareMs = 7 * 86_400_000;

interface State {
  readonly told: Told[];
  /** '' while nobody has. */
  acknowledgedBy: string;
  over: string | null;
  nextAt: number | null;
  next: string;
}

export async function sendNotice({ notice, delivery, changeWorkflowId, hasEnd }: NoticeToSend): Promise<NoticeResult> {
  const startedAt = Date.now();
  const asks = delivery.untilAcknowledged !== null;
  const state: State = { told: [], acknowledgedBy: '', over: null, nextAt: null, next: '' };
  const show = (): void => setCurrentDetails(noticeDetails(notice, { ...state, asks }));
  listen();
  show();
  const askedThere = new Set<string>();
  const asking = new CancellationScope({ cancellable: true });
  const isTaken = (): boolean => state.acknowledgedBy !== '' || state.over !== null;

  await toEverybody();
  if (state.acknowledgedBy !== '') await afterwards('acknowledged', state.acknowledgedBy, state.told);
  if (hasEnd && asks && state.over === null && hasOpened()) {
    next(null, 'it is closed where it was opened, once it is over');
    await condition(() => state.over !== null, longestCareMs, { summary: 'until it is over' });
  }
  asking.cancel();
  const words = state.over;
  if (asks && words !== null)
    await afterwards('over', words, words === '' ? state.told.filter(({ kind }) => kind === 'pagerduty') : state.told);
  next(null, '');
  await condition(allHandlersFinished);
  return { told: state.told, acknowledgedBy: state.acknowledgedBy || null };

  function listen(): void {
    const take = (input: unknown): string => {
      const { who, why } = parseOperatorInput(input) as Exclude<ReturnType<typeof parseOperatorInput>, Problem>;
      taken(`${who ?? 'an operator'}${why === '' ? '' : `: ${why}`}`);
      return 'acknowledge: recorded';
    };
    setHandler(
      acknowledge,
      (input?: unknown) => {
        const refused = refuse(input);
        if (refused) throw ApplicationFailure.nonRetryable(inWords(refused), refused.code, refused);
        return take(input);
      },
      {
        description: acknowledgeHelp,
        validator: (input?: unknown) => {
          const refused = refuse(input);
          if (refused) throw new Error(inWords(refused));
        },
      },
    );
    setHandler(acknowledgeSignal, (input?: unknown) => void (refuse(input) ?? take(input)), {
      description: acknowledgeHelp,
    });
    setHandler(over, (words = '') => {
      state.over ??= words;
    });
  }

  function refuse(input: unknown): Problem | null {
    const parsed = parseOperatorInput(input);
    if (isProblem(parsed)) return parsed;
    if (!asks)
      return { code: 'nothing-to-acknowledge', message: 'nothing to acknowledge: this notice asks for nobody' };
    if (state.over !== null) return { code: 'over', message: 'nothing to acknowledge: it is over' };
    return state.acknowledgedBy === ''
      ? null
      : { code: 'acknowledged-already', message: `it has been acknowledged already, by ${state.acknowledgedBy}` };
  }

  function taken(by: string): void {
    if (isTaken()) return;
    state.acknowledgedBy = by;
    next(null, '');
    if (changeWorkflowId === null) return;
    // The change may have ended: it is only told, never waited for.
    void getExternalWorkflowHandle(changeWorkflowId)
      .signal(acknowledged, { key: notice.key, by })
      .catch(() => undefined);
  }

  function next(at: number | null, text: string): void {
    state.nextAt = at;
    state.next = text;
    show();
  }

  async function toEverybody(): Promise<void> {
    let because: string[] = [];
    let missed = false;
    const reached = new Set<string>();
    for (const [i, step] of delivery.steps.entries()) {
      if (step.afterMs === null && !missed) continue;
      if (i > 0 && step.afterMs !== null && !missed) {
        await untilTaken(startedAt + step.afterMs, teamNames(step));
        if (!isTaken()) because = ['Nobody has acknowledged it yet.'];
      }
      if (isTaken()) return;
      const answers = await tellTeams(step, because, reached);
      missed = answers.some((answer) => answer !== null);
      because = answers.flatMap((answer) => answer ?? []);
    }
    if (delivery.untilAcknowledged === null) return;
    const { repeatMs, giveUpMs } = delivery.untilAcknowledged;
    const last = delivery.steps.at(-1);
    while (last !== undefined && Date.now() + repeatMs < startedAt + giveUpMs) {
      await untilTaken(Date.now() + repeatMs, `${teamNames(last)} again`);
      if (isTaken()) return;
      await tellTeams(last, ['Nobody has acknowledged it yet.']);
    }
    await untilTaken(startedAt + giveUpMs, 'nobody more: the telling ends');
  }

  async function untilTaken(at: number, whom: string): Promise<void> {
    next(at, `${whom}, unless somebody acknowledges`);
    const leftMs = at - Date.now();
    if (leftMs > 0) await condition(isTaken, leftMs, { summary: `then ${whom}` });
    next(null, '');
  }

  /** For each team: null, or why it could not be reached. */
  async function tellTeams(
    step: DeliveryStep,
    because: readonly string[],
    reached?: Set<string>,
  ): Promise<readonly (string[] | null)[]> {
    return Promise.all(
      step.teams.map(async (team) => {
        if (step.afterMs === null && reached?.has(team.team)) return null;
        const failures = await tellTeam(team, because);
        if (failures === null) reached?.add(team.team);
        return failures === null ? null : [`Team ${team.team} could not be reached: ${listText(failures)}.`];
      }),
    );
  }

  /** null: by at least one channel. A dead one gives its place to the next that would not have got it. */
  async function tellTeam(
    { team, channels, spare }: TeamDelivery,
    because: readonly string[],
  ): Promise<string[] | null> {
    const left = [...spare];
    const failures: string[] = [];
    const wanted = channels.length > 0 ? channels : left.splice(0, 1);
    const answers = await Promise.all(
      wanted.map(async (first) => {
        let channel: Channel | undefined = first;
        const why: string[] = [];
        while (channel !== undefined) {
          const dead = await tellOne(team, channel, [...because, ...why]);
          if (dead === null) return true;
          why.push(`${channel.kind} of team ${team} is dead: ${dead}.`);
          failures.push(`${channel.name} (${dead})`);
          channel = left.shift();
        }
        return false;
      }),
    );
    return answers.includes(true) ? null : failures;
  }

  async function tellOne(team: string, channel: Channel, because: readonly string[]): Promise<string | null> {
    const entry: Told = {
      team,
      channel: channel.name,
      kind: channel.kind,
      at: Date.now(),
      state: 'sending',
      words: '',
    };
    const place = state.told.push(entry) - 1;
    show();
    const ends = await deliver('tell', channel.name, '', because);
    state.told[place] = { ...entry, ...ends, at: Date.now() };
    show();
    if (ends.state === 'dead') return ends.words;
    if (asks && channel.acknowledges === true && !askedThere.has(channel.name)) {
      askedThere.add(channel.name);
      void asking.run(() => askThere(channel.name)).catch(() => undefined);
    }
    return null;
  }

  async function askThere(channel: string): Promise<void> {
    const { awaitAcknowledgement } = proxyActivities<OrchestratorActivities>({
      taskQueue: orchestratorQueue,
      startToCloseTimeout: '30 days',
      heartbeatTimeout: '30 seconds',
      retry: { initialInterval: '5 seconds', maximumInterval: '1 minute' },
      summary: `has somebody acknowledged in ${channel}`,
    });
    const { who } = await awaitAcknowledgement({ notice, channel });
    taken(who);
  }

  /** That somebody has taken it, or that it is over; a channel that is dead now has nobody to tell. */
  async function afterwards(act: Act, by: string, all: readonly Told[]): Promise<void> {
    const words = act === 'acknowledged' ? `${by} has taken it` : by;
    const names = [...new Set(all.filter((one) => one.state === 'delivered').map(({ channel }) => channel))];
    next(null, `${countText(names.length, 'channel')} hear that it is ${act}`);
    await Promise.all(names.map((name) => deliver(act, name, words, [])));
    next(null, '');
  }

  async function deliver(
    act: Act,
    channel: string,
    by: string,
    because: readonly string[],
  ): Promise<Pick<Told, 'state' | 'words'>> {
    const steps = proxyActivities<OrchestratorActivities>({
      taskQueue: orchestratorQueue,
      startToCloseTimeout: '2 minutes',
      retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: delivery.tries },
      summary: act === 'tell' ? `tell ${channel}: ${notice.kind}` : `tell ${channel} that it is ${act}`,
    });
    try {
      const answer = await steps.deliver({ telling: { act, notice, by, because }, channel });
      return answer.kind === 'delivered'
        ? { state: 'delivered', words: answer.said }
        : { state: 'dead', words: answer.why };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { state: 'dead', words: problemOf(error).message };
    }
  }

  function hasOpened(): boolean {
    return state.told.some(({ kind, state: how }) => kind === 'pagerduty' && how === 'delivered');
  }
}

function teamNames({ teams }: DeliveryStep): string {
  return listText(teams.map(({ team }) => team));
}
