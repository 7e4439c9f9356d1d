/** A notice as the workflow that tells it is started with it: any client may start one, so everything is read and bounded. Pure. */
import { shorten } from '../markdown.ts';
import type { Problem } from '../problem.ts';
import { longestFact, longestHeadline, noticeKinds, severities, type Notice, type NoticeKind } from './notice.ts';
import { channelKinds, type Channel, type Delivery, type DeliveryStep, type TeamDelivery } from './plan.ts';

export interface NoticeToSend {
  readonly notice: Notice;
  readonly delivery: Delivery;
  /** The change to tell that somebody has acknowledged; null: none. */
  readonly changeWorkflowId: string | null;
  /** Somebody will say when it is over (Signal `over`): an incident that was opened is closed then. */
  readonly hasEnd: boolean;
}

/** Each repeat is some ten events for each channel, and Temporal ends a workflow at about 50,000 of them. */
export const mostRepeats = 200;
const leastRepeatMs = 1_000;
const longestGiveUpMs = 366 * 86_400_000;
const most = { steps: 20, teams: 50, channels: 20, tries: 20, facts: 20, dependents: 100 } as const;
const longest = { headline: longestHeadline, fact: longestFact, name: 255, workflowId: 1_000 } as const;
/** Of a Date. */
const latestMs = 8.64e15;

/** Numbers and texts beyond what they may be are cut to it; what is no notice at all is refused. */
export function readNoticeToSend(input: unknown): NoticeToSend | Problem {
  const { notice, delivery, changeWorkflowId, hasEnd } = fieldsOf(input);
  const told = readNotice(fieldsOf(notice));
  if (told === null) return notUnderstood('notice');
  const plan = readDelivery(fieldsOf(delivery));
  if (plan === null) return notUnderstood('delivery');
  const change = isText(changeWorkflowId) ? changeWorkflowId.slice(0, longest.workflowId) : null;
  return { notice: told, delivery: plan, changeWorkflowId: change, hasEnd: hasEnd === true };
}

function notUnderstood(part: string): Problem {
  return {
    code: 'InvalidRequest',
    message: `cannot read the ${part} of a notice`,
    hint: 'Notices are sent by Knowngood itself; knowngood notify test tells a team a test.',
  };
}

function readNotice(input: Fields): Notice | null {
  const { kind, key, target, changeId, workflowId, runId, headline } = input;
  const severity = severities.find((one) => one === input.severity);
  const names = [key, target, workflowId, runId];
  if (!isKind(kind) || severity === undefined || !names.every(isText) || !isText(headline)) return null;
  const { at } = input;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || Math.abs(at) > latestMs) return null;
  const name = (value: unknown): string => shorten(value as string, longest.name);
  return {
    kind,
    key: name(key),
    severity,
    target: name(target),
    changeId: isText(changeId) ? name(changeId) : null,
    workflowId: (workflowId as string).slice(0, longest.workflowId),
    runId: name(runId),
    at,
    headline: shorten(headline, longest.headline),
    facts: textsOf(input.facts, most.facts),
    actions: textsOf(input.actions, most.facts),
    dependents: textsOf(input.dependents, most.dependents),
    ...(typeof input.ends === 'boolean' ? { ends: input.ends } : {}),
    ...(isText(input.matter) ? { matter: name(input.matter) } : {}),
  };
}

function readDelivery({ steps, untilAcknowledged, tries }: Fields): Delivery | null {
  if (!Array.isArray(steps)) return null;
  return {
    steps: steps.slice(0, most.steps).map(stepOf),
    untilAcknowledged: untilAcknowledged === null ? null : repeatsOf(fieldsOf(untilAcknowledged)),
    tries: within(tries, 1, most.tries, 4),
  };
}

function repeatsOf({ repeatMs, giveUpMs }: Fields): NonNullable<Delivery['untilAcknowledged']> {
  const until = within(giveUpMs, leastRepeatMs, longestGiveUpMs, 86_400_000);
  const least = Math.max(leastRepeatMs, Math.ceil(until / mostRepeats));
  return { repeatMs: within(repeatMs, least, longestGiveUpMs, 1_800_000), giveUpMs: until };
}

function stepOf(input: unknown): DeliveryStep {
  const { afterMs, teams } = fieldsOf(input);
  return {
    afterMs: afterMs === null ? null : within(afterMs, 0, longestGiveUpMs, 0),
    teams: listOf(teams, most.teams).flatMap(teamOf),
  };
}

function teamOf(input: unknown): TeamDelivery[] {
  const { team, channels, spare } = fieldsOf(input);
  const of = (list: unknown): Channel[] => listOf(list, most.channels).flatMap(channelOf);
  return isText(team) ? [{ team: shorten(team, longest.name), channels: of(channels), spare: of(spare) }] : [];
}

function channelOf(input: unknown): Channel[] {
  const { name, kind, acknowledges } = fieldsOf(input);
  const known = channelKinds.find((one) => one === kind);
  if (!isText(name) || known === undefined) return [];
  return [{ name: name.slice(0, longest.name), kind: known, ...(acknowledges === true ? { acknowledges } : {}) }];
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(input: unknown): Fields {
  return typeof input === 'object' && input !== null ? (input as Fields) : {};
}

function listOf(input: unknown, atMost: number): readonly unknown[] {
  return Array.isArray(input) ? input.slice(0, atMost) : [];
}

function textsOf(input: unknown, atMost: number): readonly string[] {
  return listOf(input, atMost)
    .filter(isText)
    .map((text) => shorten(text, longest.fact));
}

function within(value: unknown, least: number, greatest: number, usual: number): number {
  const number = typeof value === 'number' && Number.isFinite(value) ? Math.round(value) : usual;
  return Math.min(greatest, Math.max(least, number));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isKind(value: unknown): value is NoticeKind {
  return value === 'test' || noticeKinds.some((kind) => kind === value);
}
