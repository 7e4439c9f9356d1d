/** What people are told: one event of a change, or of a target that drifts, as plain data. Each channel words it in its own way. */

export const noticeKinds = [
  'approval-wanted',
  'armed',
  'failing',
  'holding',
  'reverting',
  'reverted',
  'revert-incomplete',
  'still-failing',
  'kept',
  'drift',
  'drift-gone',
] as const;

export type NoticeKind = (typeof noticeKinds)[number];

/** `critical` is escalated until somebody acknowledges. */
export type Severity = 'info' | 'warning' | 'critical';

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
}
