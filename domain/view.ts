/** A running guarded change as people see it: what the query `view` answers, and what details are written from. */
import type { Missing } from './approvals.ts';
import type { CheckProgress, CheckSpec } from './check.ts';
import type { HeldBack } from './never-reopen.ts';
import type { Outcome, Phase } from './phase.ts';
import type { PlanSummary } from './plan.ts';
import type { Problem } from './problem.ts';
import type { ReasonCode, TimelineEntry } from './result.ts';

export interface SignedBy {
  /** The approver whose key it is, as knowngood.yaml had it when the signature was checked. */
  readonly name: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

export interface Approval {
  /** The name that counts: the one given in the argument, else the claim. */
  readonly who: string;
  /** Identity in the Temporal request, as the client claims it; null: none was sent. */
  readonly claim: string | null;
  readonly why: string;
  /** Unix ms. */
  readonly at: number;
  /** Of which the approver is a member; absent: of none. */
  readonly groups?: readonly string[];
  /** Absent: the name is a claim. */
  readonly signedBy?: SignedBy;
  /** What was signed, and the signature: `ssh-keygen -Y verify -n knowngood-approval@v1` can check it. */
  readonly evidence?: { readonly statement: string; readonly signature: string };
}

/** How far the approvals are, of whatever is approved. */
export interface ApprovalsView {
  readonly needed: number;
  readonly given: readonly Approval[];
  /** Only signed ones count. Absent: a claim is enough. */
  readonly signed?: boolean;
  /** What is still to come. Absent: nothing is, or an earlier version speaks. */
  readonly missing?: Missing;
}

export interface ChangeView {
  readonly target: string;
  readonly changeId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly phase: Phase;
  /** Unix ms. */
  readonly since: number;
  /** Unix ms at which silence decides; null: no deadline in this phase. */
  readonly deadlineAt: number | null;
  /** What silence then does, in plain words; '' without a deadline. */
  readonly atDeadline: string;
  readonly plan: PlanSummary | null;
  readonly checks: readonly CheckSpec[];
  /** The counters known to the workflow: of the baseline, then of the last watch that answered. */
  readonly progress: readonly CheckProgress[];
  readonly approvals: ApprovalsView;
  readonly snapshots: { readonly before: string | null; readonly change: string | null; readonly after: string | null };
  /** Set from the moment the verdict is known. */
  readonly reasonCode: ReasonCode | null;
  readonly why: string;
  /** Set once the configuration has reached its end, before the report is written. */
  readonly outcome: Outcome | null;
  /** What is left to revert, in phase `revert-incomplete`. */
  readonly remaining: readonly Problem[];
  /** What of it stays closed until somebody approves that it is opened again; absent: nothing. */
  readonly held?: HeldBack;
  /** Names of the Updates that would have an effect now. */
  readonly possible: readonly string[];
  readonly timeline: readonly TimelineEntry[];
}
