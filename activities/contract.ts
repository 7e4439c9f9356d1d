/** What workflows call, by queue: inputs and answers are plain JSON; a foreseen "no" is a value, never an exception. */
import type { AdmittedChange } from '../domain/admitted.ts';
import type { ApprovalStatement } from '../domain/approval-statement.ts';
import type { Refused } from '../domain/agent-steps.ts';
import type { Before, CheckProgress, CheckSpec, Sample, Verdict, WatchResult } from '../domain/check.ts';
import type { NotifyActivities } from '../domain/notify/steps.ts';
import type { PlanSummary } from '../domain/plan.ts';
import type { ReportDetails } from '../domain/report/input.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { DriftActivities } from './drift-contract.ts';
import type { RolloutActivities } from './rollout-contract.ts';

export type { ReportDetails } from '../domain/report/input.ts';

export type {
  Caller,
  Closed,
  Busy,
  Refused,
  Stale,
  Reverting,
  Snapshotted,
  Answered,
  Rehearsed,
  Proven,
  NotRehearsed,
  Armed,
  Applied,
  Incomplete,
  Reverted,
  AgentActivities,
} from '../domain/agent-steps.ts';

export interface ProbeActivities {
  /** Measures each check until it has `successes` passes in a row or crosses a threshold; at most about 30 s. */
  baseline(input: {
    target: string;
    changeId: string;
    checks: readonly CheckSpec[];
  }): Promise<{ progress: readonly CheckProgress[]; red: readonly Verdict[] }>;
  /** One long activity; heartbeats its counters every 2 s; returns early on a verdict, and on cancellation with verdict null. */
  watch(input: {
    target: string;
    changeId: string;
    checks: readonly CheckSpec[];
    /** Settling ends at this Unix ms. */
    settleUntil: number;
    /** From an earlier watch activity of the same soak. */
    progress: readonly CheckProgress[];
    /** Dependents in question for `red before`: these checks are recorded and never decide. */
    ignore: readonly string[];
    /** Of checks that are compared with the time before the change. Absent: of none. */
    before?: readonly Before[];
    /** In a hold only `unhealthy` returns early: people are asked already. */
    holding: boolean;
    /** In a hold: proven healthy for so long ends it. Absent: the hold has its own end. */
    enoughAfterMs?: number;
  }): Promise<WatchResult>;
  /** Each of them once; nothing is recorded. */
  tryChecks(input: { target: string; checks: readonly CheckSpec[] }): Promise<readonly Sample[]>;
  /** After a revert: until every check that was failing passes again, or `timeoutMs`. */
  recovery(input: {
    target: string;
    changeId: string;
    checks: readonly CheckSpec[];
    timeoutMs: number;
    /** Of checks that got slower: they have recovered once they answer as before. Absent: of none. */
    before?: readonly Before[];
  }): Promise<{ recovered: boolean; at: number; progress: readonly CheckProgress[] }>;
}

export interface OrchestratorActivities extends DriftActivities, NotifyActivities, RolloutActivities {
  /** Those of the target's dependents, by knowngood.yaml as it is now. */
  checksOf(input: {
    target: string;
  }): Promise<{ readonly kind: 'checks'; readonly checks: readonly CheckSpec[] } | Refused>;
  /** Parses and validates the request against knowngood.yaml; records the change in the store unless `lookOnly`. */
  admit(input: {
    request: unknown;
    workflowId: string;
    runId: string;
    lookOnly: boolean;
    /** Else it waits for its turn while many changes begin at once. Default false. */
    atOnce?: boolean;
  }): Promise<{ kind: 'admitted'; change: AdmittedChange } | Refused>;
  /** The claimed identity of the client that sent an Update or Signal, from history; null when none was sent. */
  claimedIdentity(input: { workflowId: string } & Origin): Promise<Sender>;
  /** Whose signature a signed approval bears, by the keys listed now; of the run that asks. */
  checkSignature(input: { asked: Asked; statement: string; signature: string }): Promise<Signer | Refused>;
  /** Whether this run goes on from an earlier one, of which it may not know the end. */
  wasReset(input: { workflowId: string }): Promise<boolean>;
  /** Writes result, timeline and report into the store; after the journal is closed, so without limit of tries. */
  report(input: {
    change: AdmittedChange;
    workflowId: string;
    runId: string;
    result: ChangeResult;
    plan: PlanSummary | null;
    details: ReportDetails;
  }): Promise<{ reportId: string }>;
}

/** What a signed text must be about. */
export type Asked = Pick<ApprovalStatement, 'target' | 'changeId' | 'workflowId' | 'planHash' | 'risk'>;

export interface Signer {
  readonly kind: 'signed';
  /** The approver whose key it is. */
  readonly name: string;
  readonly groups: readonly string[];
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** An Update by its id, or a Signal by its name and its place among those of that name. */
export type Origin = { readonly updateId: string } | { readonly signal: string; readonly index: number };

/** Who sent an Update or Signal, read back from history. */
export interface Sender {
  /** The client's own claim; null when it sent none (Web UIs before 2.44). */
  readonly identity: string | null;
  /** The run in which it was given: an approval of an earlier run is stale after a Reset. */
  readonly runId: string;
  /** A Reset replayed it into this run: nobody has said it of this run. */
  readonly reapplied: boolean;
  /** Who has started the workflow, as that client claims; absent in answers of earlier versions. */
  readonly startedBy?: string | null;
}
