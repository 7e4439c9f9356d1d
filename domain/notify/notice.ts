/** What people are told: one event of a change, or of a target that drifts, as plain data. Each channel words it in its own way. */
import { oneLine, shorten } from '../markdown.ts';

export const noticeKinds = [
  'approval-wanted',
  'armed',
  'failing',
  'degraded',
  'holding',
  'reverting',
  'reverted',
  'revert-incomplete',
  'still-failing',
  'kept',
  'ended',
  'drift',
  'drift-gone',
  'drift-unknown',
] as const;

/** `test`: nothing has happened, somebody wants to see whether the channels work. */
export type NoticeKind = (typeof noticeKinds)[number] | 'test';

/** From least to most. `critical` is escalated until somebody acknowledges. */
export const severities = ['info', 'warning', 'critical'] as const;

export type Severity = (typeof severities)[number];

export interface Notice {
  readonly kind: NoticeKind;
  /** The same for every repeat of one event, and for no other event: the receiver's idempotency key. At most 255 characters. */
  readonly key: string;
  readonly severity: Severity;
  readonly target: string;
  /** null: it is about the target, as drift is. */
  readonly changeId: string | null;
  /** The workflow to look at in the Temporal Web UI. */
  readonly workflowId: string;
  readonly runId: string;
  /** Unix ms of the event, not of its delivery. */
  readonly at: number;
  /** One plain sentence, at most 200 characters. */
  readonly headline: string;
  /** Plain sentences, the most telling first: the failing check's own words, what explains it, what changed. No secrets. */
  readonly facts: readonly string[];
  /** What a person can do now, with an argument to copy: `approve with "name: reason"`. Empty: nothing is asked. */
  readonly actions: readonly string[];
  /** Names of the dependents that suffer, or would. */
  readonly dependents: readonly string[];
  /** What earlier notices of the same matter began is over with this one. Absent: as the kind has it. */
  readonly ends?: boolean;
  /** Notices with the same one are one incident for whoever pages. Absent: by target, change and severity. */
  readonly matter?: string;
}

/** What a notice holds of each, in characters. */
export const longestHeadline = 200;
export const longestFact = 400;

export function asHeadline(text: string): string {
  return shorten(oneLine(text), longestHeadline);
}

export function asFact(text: string): string {
  return shorten(oneLine(text), longestFact);
}

/** Who wants it, and why, as a fact. */
export function askedForBy({ requestedBy, reason }: { readonly requestedBy: string; readonly reason: string }): string {
  return `asked for by ${requestedBy || 'nobody named'}${reason === '' ? '' : `: ${reason}`}`;
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(least);
}

export function endsMatter({ kind, ends }: Notice): boolean {
  return ends ?? (kind === 'kept' || kind === 'ended' || kind === 'drift-gone');
}

/**
 * Notices of one matter share it, so that whoever pages has one incident for it; a critical one is a matter of its own: it
 * must ring although somebody has taken the first.
 */
export function matterOf({ key, severity, target, changeId, matter }: Notice): string {
  if (matter !== undefined) return `knowngood:${matter}`;
  return severity === 'critical' ? `knowngood:${key}` : `knowngood:${target}:${changeId ?? 'drift'}`;
}

/** The workflow that tells it. Nothing of a run in it: a Reset must find the same. */
export function noticeWorkflowId({ key }: Pick<Notice, 'key'>): string {
  return `knowngood-notice:${key}`;
}

/** What of it whoever goes on with its change has to know: in the memo of its workflow, under this name. */
export const toldMemo = 'KnowngoodTold';

export type ToldBefore = Pick<Notice, 'kind' | 'key' | 'severity' | 'dependents'>;

export function toldOf({ kind, key, severity, dependents }: Notice): ToldBefore {
  return { kind, key, severity, dependents: dependents.slice(0, mostToldOf) };
}

const mostToldOf = 50;
const longestKey = 255;
const longestName = 255;

/** Any client may have written it; null: it is none. */
export function readTold(memo: unknown): ToldBefore | null {
  if (typeof memo !== 'object' || memo === null) return null;
  const { key, dependents, ...said } = memo as Readonly<Record<string, unknown>>;
  const kind = noticeKinds.find((one) => one === said['kind']);
  const severity = severities.find((one) => one === said['severity']);
  const isWhole = kind !== undefined && severity !== undefined && typeof key === 'string' && Array.isArray(dependents);
  if (!isWhole || key.length > longestKey) return null;
  const names = dependents.filter((name) => typeof name === 'string' && name.length <= longestName);
  return { kind, key, severity, dependents: names.slice(0, mostToldOf) };
}

/** How the ids of all notices of a change begin. */
export function noticesOfChange(target: string, changeId: string): string {
  return noticeWorkflowId({ key: `${target}:${changeId}:` });
}

/** How the ids of all notices of a target's drift begin. */
export function noticesOfDrift(target: string): string {
  return noticeWorkflowId({ key: `drift:${target}:` });
}

/** Those whose ids begin so, in the words of Temporal's lists. */
export function noticesUnderWay(idPrefix: string): string {
  return `WorkflowType = 'sendNotice' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${idPrefix}'`;
}
