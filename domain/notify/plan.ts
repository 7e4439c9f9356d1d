/** Whom to tell what, and who comes next when nobody answers. Pure; channels are names here, their secrets stand in knowngood.yaml only. */
import { isAtLeast, type Notice, type NoticeKind, type Severity } from './notice.ts';

export const channelKinds = ['slack', 'pagerduty', 'email', 'webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** A channel as workflows know it: by name, `<team>/<kind>`, with a digest of what is written where the team has several of its kind. */
export interface Channel {
  readonly name: string;
  readonly kind: ChannelKind;
  /** It can be asked whether somebody has acknowledged there. */
  readonly acknowledges?: true;
}

export interface PlannedChannel extends Channel {
  /** Absent: all. */
  readonly events?: readonly NoticeKind[];
  /** The least that goes there; absent: `info`. */
  readonly severity?: Severity;
}

/** Beside team names: `affected` the teams of the dependents that a notice names, `dependents` those of all of the target's. */
export const groups = ['affected', 'dependents', 'everybody'] as const;

export interface Route {
  readonly events?: readonly NoticeKind[];
  readonly severity?: Severity;
  readonly tell: readonly string[];
}

export interface EscalationStep {
  /** Since the notice. */
  readonly afterMs: number;
  readonly tell: readonly string[];
}

/** All that a workflow needs to tell people about one target. */
export interface NotifyPlan {
  /** Those with channels, in the order of knowngood.yaml. */
  readonly teams: readonly { readonly name: string; readonly channels: readonly PlannedChannel[] }[];
  /** Dependents of the target that have a team. */
  readonly dependents: readonly { readonly name: string; readonly team: string }[];
  /** null: the usual ones. */
  readonly routes: readonly Route[] | null;
  /** Empty: the usual one. */
  readonly escalation: readonly EscalationStep[];
  /** After the last step it is told again and again. */
  readonly repeatMs: number;
  /** Nobody has acknowledged: then the telling ends, and says so. */
  readonly giveUpMs: number;
  /** Tries at one channel before it counts as dead. */
  readonly tries: number;
}

export interface TeamDelivery {
  readonly team: string;
  readonly channels: readonly Channel[];
  /** Would not get this one, and take it when one of `channels` is dead. */
  readonly spare: readonly Channel[];
}

export interface DeliveryStep {
  /** Since the notice; null: only when somebody before could not be reached. */
  readonly afterMs: number | null;
  readonly teams: readonly TeamDelivery[];
}

/** What becomes of one notice. */
export interface Delivery {
  readonly steps: readonly DeliveryStep[];
  /** It goes on until somebody acknowledges; null: once is enough. */
  readonly untilAcknowledged: { readonly repeatMs: number; readonly giveUpMs: number } | null;
  readonly tries: number;
}

/** Until when people are called about a notice of `at`, Unix ms; null: nobody is. */
export function callsUntil({ steps, untilAcknowledged }: Delivery, at: number): number | null {
  return untilAcknowledged === null || steps.length === 0 ? null : at + untilAcknowledged.giveUpMs;
}

const tenMinutesMs = 600_000;

const usualRoutes: readonly Route[] = [{ severity: 'warning', tell: ['affected', 'database'] }, { tell: ['database'] }];

const usualEscalation: readonly EscalationStep[] = [
  { afterMs: 0, tell: ['affected', 'database'] },
  { afterMs: tenMinutesMs, tell: ['infrastructure'] },
  { afterMs: 2 * tenMinutesMs, tell: ['everybody'] },
];

/** No steps: nobody is to hear of it. */
export function deliveryOf(plan: NotifyPlan, notice: Notice): Delivery {
  const routed = teamsOf(plan, notice, toldBy(plan, notice));
  const isCritical = notice.severity === 'critical';
  const escalation = plan.escalation.length > 0 ? plan.escalation : usualEscalation;
  const steps: DeliveryStep[] = [];
  const add = (afterMs: number | null, names: readonly string[]): void => {
    const teams = names.flatMap((name) => deliveryTo(plan, notice, name));
    if (teams.length > 0) steps.push({ afterMs, teams });
  };
  if (isCritical) {
    const atOnce = escalation.filter(({ afterMs }) => afterMs === 0).flatMap(({ tell }) => tell);
    add(0, unique([...routed, ...teamsOf(plan, notice, atOnce)]));
    for (const { afterMs, tell } of escalation) if (afterMs > 0) add(afterMs, teamsOf(plan, notice, tell));
  } else {
    add(0, routed);
    // Of what begins well or ends well, nobody else needs to hear.
    const matters = notice.severity !== 'info' || notice.kind === 'approval-wanted';
    const others = teamsOf(
      plan,
      notice,
      escalation.flatMap(({ tell }) => tell),
    ).filter((name) => !routed.includes(name));
    if (matters && steps.length > 0) for (const name of others) add(null, [name]);
  }
  const { repeatMs, giveUpMs, tries } = plan;
  return { steps, untilAcknowledged: isCritical ? { repeatMs, giveUpMs } : null, tries };
}

/** Names of the channels that hear of it in any case. */
export function heardAtOnce({ steps }: Delivery): readonly string[] {
  const first = steps.filter(({ afterMs }) => afterMs === 0).flatMap(({ teams }) => teams);
  return first.flatMap(({ channels }) => channels.map(({ name }) => name));
}

/** All routes that fit count together. The usual ones leave nobody out: a target that no team answers for is told to all. */
function toldBy(plan: NotifyPlan, notice: Notice): readonly string[] {
  const tell = (plan.routes ?? usualRoutes).filter((route) => isFor(route, notice)).flatMap((route) => route.tell);
  if (plan.routes !== null || teamsOf(plan, notice, tell).length > 0) return tell;
  return teamsOf(plan, notice, ['dependents']).length > 0 ? ['dependents'] : ['everybody'];
}

/** Names of teams with channels, each once. */
function teamsOf({ teams, dependents }: NotifyPlan, notice: Notice, tell: readonly string[]): readonly string[] {
  const names = tell.flatMap((one) => {
    switch (one) {
      case 'everybody':
        return teams.map(({ name }) => name);
      case 'dependents':
        return dependents.map(({ team }) => team);
      case 'affected':
        return dependents.filter(({ name }) => notice.dependents.includes(name)).map(({ team }) => team);
      default:
        return [one];
    }
  });
  return unique(names).filter((name) => teams.some((team) => team.name === name));
}

function deliveryTo({ teams }: NotifyPlan, notice: Notice, name: string): TeamDelivery[] {
  const all = teams.find((team) => team.name === name)?.channels ?? [];
  const wanted = all.filter((channel) => isFor(channel, notice));
  // One that takes none of it is left alone; with a critical one to tell, its other channels still count.
  if (wanted.length === 0 && notice.severity !== 'critical') return [];
  return [{ team: name, channels: wanted.map(bare), spare: all.filter((one) => !wanted.includes(one)).map(bare) }];
}

function isFor({ events, severity }: Pick<PlannedChannel, 'events' | 'severity'>, notice: Notice): boolean {
  return (events?.includes(notice.kind) ?? true) && isAtLeast(notice.severity, severity ?? 'info');
}

function bare({ name, kind, acknowledges }: PlannedChannel): Channel {
  return { name, kind, ...(acknowledges === undefined ? {} : { acknowledges }) };
}

function unique<T>(all: readonly T[]): T[] {
  return [...new Set(all)];
}
