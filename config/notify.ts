/** Fills in how people are told, and makes of it what one target's workflows need to know. */
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
    repeatMs: durationMs(notifications.repeat ?? '30m'),
    giveUpMs: durationMs(notifications.giveUp ?? '24h'),
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
  const seen: Partial<Record<ChannelKind, number>> = {};
  return channels.flatMap((channel) => {
    const kind = channelKinds.find((one) => channel[one] !== undefined);
    if (kind === undefined) return [];
    const n = (seen[kind] = (seen[kind] ?? 0) + 1);
    return [channelOf(`${team}/${kind}${n === 1 ? '' : `-${n}`}`, channel)];
  });
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
