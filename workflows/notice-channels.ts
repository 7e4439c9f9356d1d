/** How a notice reaches a team: by its channels at the same time, and by the next one where one is dead. */
import { isCancellation, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/contract.ts';
import { orchestratorQueue } from '../domain/change.ts';
import { countText, listText } from '../domain/format.ts';
import type { Told } from '../domain/notify/details.ts';
import type { Channel, ChannelKind, DeliveryStep, TeamDelivery } from '../domain/notify/plan.ts';
import type { Act } from '../domain/notify/telling.ts';
import { problemOf } from './ending.ts';
import { next, taken, tried, type NoticeFlow } from './notice-flow.ts';

/** Why teams could not be reached, a sentence each. `reached` knows those that were. */
export async function tellTeams(
  flow: NoticeFlow,
  { afterMs, teams }: DeliveryStep,
  because: readonly string[],
  reached: Set<string> = new Set(),
): Promise<readonly string[]> {
  // Who stands in for somebody else, and has heard of it already, hears it once.
  const asked = teams.filter(({ team }) => afterMs !== null || !reached.has(team));
  const answers = await Promise.all(
    asked.map(async (team) => {
      const failures = await tellTeam(flow, team, because);
      if (failures !== null) return [`Team ${team.team} could not be reached: ${listText(failures)}.`];
      reached.add(team.team);
      return [];
    }),
  );
  return answers.flat();
}

/** null: by at least one channel. A dead one gives its place to the next that would not have got it. */
async function tellTeam(
  flow: NoticeFlow,
  { team, channels, spare }: TeamDelivery,
  because: readonly string[],
): Promise<readonly string[] | null> {
  const left = [...spare];
  const failures: string[] = [];
  const wanted = channels.length > 0 ? channels : left.splice(0, 1);
  const answers = await Promise.all(
    wanted.map(async (first) => {
      const why: string[] = [];
      for (let channel: Channel | undefined = first; channel !== undefined; channel = left.shift()) {
        const dead = await tellOne(flow, team, channel, [...because, ...why]);
        if (dead === null) return true;
        why.push(`${channel.kind} of team ${team} is dead: ${dead}.`);
        failures.push(`${channel.name} (${dead})`);
      }
      return false;
    }),
  );
  return answers.includes(true) ? null : failures;
}

async function tellOne(
  flow: NoticeFlow,
  team: string,
  { name, kind, acknowledges }: Channel,
  because: readonly string[],
): Promise<string | null> {
  const ended = tried(flow, { team, channel: name, kind, at: Date.now(), state: 'sending', words: '' });
  const end = await deliver(flow, { act: 'tell', by: '', because }, name);
  ended(end);
  if (end.state === 'dead') return end.words;
  if (flow.asks && acknowledges === true && !flow.askedThere.has(name)) {
    flow.askedThere.add(name);
    void flow.asking.run(() => askThere(flow, name)).catch(() => undefined);
  }
  return null;
}

/** One long step, so that history does not grow with every question. */
async function askThere(flow: NoticeFlow, channel: string): Promise<void> {
  const summary = `has somebody acknowledged in ${channel}`;
  const { who } = await steps(summary, {
    startToCloseTimeout: '30 days',
    heartbeatTimeout: '30 seconds',
    retry: { initialInterval: '5 seconds', maximumInterval: '1 minute' },
  }).awaitAcknowledgement({ notice: flow.notice, channel });
  taken(flow, { who, why: '' });
}

/** Whoever heard of it hears that somebody has taken it, or that it is over; a channel that is dead now has nobody to tell. */
export async function tellAfterwards(
  flow: NoticeFlow,
  act: Exclude<Act, 'tell'>,
  by: string,
  to: (kind: ChannelKind, name: string) => boolean = () => true,
): Promise<void> {
  const names = [...flow.heard].filter(([name, kind]) => to(kind, name)).map(([name]) => name);
  next(flow, null, `${countText(names.length, 'channel')} hear that it is ${act}`);
  await Promise.all(names.map((name) => deliver(flow, { act, by, because: [] }, name)));
  next(flow, null, '');
}

async function deliver(
  { notice, delivery }: NoticeFlow,
  { act, by, because }: { readonly act: Act; readonly by: string; readonly because: readonly string[] },
  channel: string,
): Promise<Pick<Told, 'state' | 'words'>> {
  const summary = act === 'tell' ? `tell ${channel}: ${notice.kind}` : `tell ${channel} that it is ${act}`;
  try {
    const answer = await steps(summary, {
      startToCloseTimeout: '2 minutes',
      retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: delivery.tries },
    }).deliver({ telling: { act, notice, by, because }, channel });
    return answer.kind === 'delivered'
      ? { state: 'delivered', words: answer.said }
      : { state: 'dead', words: answer.why };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { state: 'dead', words: problemOf(error).message };
  }
}

function steps(summary: string, options: ActivityOptions): OrchestratorActivities {
  return proxyActivities<OrchestratorActivities>({ ...options, taskQueue: orchestratorQueue, summary });
}
