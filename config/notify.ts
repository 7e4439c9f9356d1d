/** Fills in how people are told, and makes of it what one target's workflows need to know. */
import { createHash } from 'node:crypto';
import type { KnowngoodConfig } from '../domain/config.ts';
import type { ChannelConfig, NotifyConfig } from '../domain/notify/config.ts';
import {
  type ChannelKind,
  type NotifyPlan,
  type PlannedChannel,
  type Route,
  channelKinds,
} from '../domain/notify/plan.ts';
import type { KnowngoodInput } from './knowngood.schema.ts';
import type { ChannelInput, NotificationsInput } from './notify.schema.ts';
import { durationMs } from './policy.ts';

export const usualRepeat = '30m';
export const usualGiveUp = '24h';

export function resolveNotify({ teams = {}, notifications = {} }: KnowngoodInput): NotifyConfig {
  const { allowPrivate = [], routes, escalation = [], tries = 4 } = notifications;
  return {
    teams: Object.entries(teams).map(([name, { notify = [] }]) => ({ name, channels: channelsOf(name, notify) })),
    smtp: smtpOf(notifications),
    allowPrivate,
    routes:
      routes?.map(({ targets, tell, events, severity }) => ({
        targets: targets ?? null,
        tell,
        ...(events === undefined ? {} : { events }),
        ...(severity === undefined ? {} : { severity }),
      })) ?? null,
    escalation: escalation.map(({ after = '0s', tell }) => ({ afterMs: durationMs(after), tell })),
    repeatMs: durationMs(notifications.repeat ?? usualRepeat),
    giveUpMs: durationMs(notifications.giveUp ?? usualGiveUp),
    timeoutMs: durationMs(notifications.timeout ?? '10s'),
    tries,
  };
}

function smtpOf({ smtp }: NotificationsInput): NotifyConfig['smtp'] {
  if (smtp === undefined) return null;
  const { host, tls = 'starttls', port, user, password, from } = smtp;
  const usualPort = { starttls: 587, tls: 465, none: 25 }[tls];
  return { host, port: port ?? usualPort, tls, user: user ?? null, password: password ?? null, from };
}

function channelsOf(team: string, channels: readonly ChannelInput[]): readonly ChannelConfig[] {
  const kindOf = (channel: ChannelInput): ChannelKind | undefined =>
    channelKinds.find((one) => channel[one] !== undefined);
  const seen: Record<string, number> = {};
  return channels.flatMap((channel) => {
    const kind = kindOf(channel);
    if (kind === undefined) return [];
    const isOnly = channels.filter((one) => kindOf(one) === kind).length === 1;
    const name = `${team}/${kind}${isOnly ? '' : `-${placeOf(channel[kind])}`}`;
    const n = (seen[name] = (seen[name] ?? 0) + 1);
    return [channelOf(n === 1 ? name : `${name}-${n}`, channel)];
  });
}

/** Of what is written, references and all, never of a secret: an edit while a change runs leads to no other channel. */
function placeOf(written: unknown): string {
  return createHash('sha256').update(JSON.stringify(written)).digest('hex').slice(0, 6);
}

function channelOf(name: string, { slack, pagerduty, email, webhook, events, severity }: ChannelInput): ChannelConfig {
  const common = { name, events: events ?? null, severity: severity ?? 'info' } as const;
  if (slack !== undefined) return { ...common, kind: 'slack', url: slack };
  if (pagerduty !== undefined)
    return {
      ...common,
      kind: 'pagerduty',
      // A change that begins well is nothing to be woken for.
      severity: severity ?? (events === undefined ? 'warning' : 'info'),
      routingKey: pagerduty.routingKey,
      apiToken: pagerduty.apiToken ?? null,
      eventsAddress: (pagerduty.events ?? 'https://events.pagerduty.com').replace(/\/+$/, ''),
      apiAddress: (pagerduty.api ?? 'https://api.pagerduty.com').replace(/\/+$/, ''),
      askEveryMs: durationMs(pagerduty.askEvery ?? '1m'),
    };
  if (email !== undefined) return { ...common, kind: 'email', to: [email.to].flat() };
  const { url, headers = {} } = typeof webhook === 'string' ? { url: webhook } : { url: '', ...webhook };
  return { ...common, kind: 'webhook', url, headers };
}

/** For what is about many targets at once: each of their own events is told by its own change. */
export function notifyPlanOfFleet(config: KnowngoodConfig, targets: readonly string[]): NotifyPlan | null {
  const plan = notifyPlanOf(config, '');
  if (plan === null) return null;
  const routes =
    config.notify.routes?.flatMap(({ targets: own, ...route }) =>
      own === null || own.some((target) => targets.includes(target)) ? [route] : [],
    ) ?? null;
  return { ...plan, routes };
}

/** null: no team has a channel, nobody is told anything. */
export function notifyPlanOf({ notify, dependents }: KnowngoodConfig, target: string): NotifyPlan | null {
  const teams = notify.teams
    .filter(({ channels }) => channels.length > 0)
    .map(({ name, channels }) => ({ name, channels: channels.map(planned) }));
  if (teams.length === 0) return null;
  const { routes, escalation, repeatMs, giveUpMs, tries } = notify;
  return {
    teams,
    dependents: dependents.flatMap(({ name, uses, team }) =>
      uses === target && team !== null ? [{ name, team }] : [],
    ),
    routes: routes?.flatMap((route) => routeFor(route, target)) ?? null,
    escalation,
    repeatMs,
    giveUpMs,
    tries,
  };
}

function routeFor({ targets, ...route }: NonNullable<NotifyConfig['routes']>[number], target: string): Route[] {
  return targets === null || targets.includes(target) ? [route] : [];
}

function planned(channel: ChannelConfig): PlannedChannel {
  const { name, kind, events, severity } = channel;
  return {
    name,
    kind,
    ...(channel.kind === 'pagerduty' && channel.apiToken !== null ? { acknowledges: true as const } : {}),
    ...(events === null ? {} : { events }),
    ...(severity === 'info' ? {} : { severity }),
  };
}
