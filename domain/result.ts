/** How a guarded change ended: the workflow's return value, small and without secrets. */
import type { Attribution } from './access/attribution.ts';
import type { Outcome, Phase } from './phase.ts';
import type { Problem } from './problem.ts';

/** Why it ended so; feeds the exit code, the report's headline and the search attribute. */
export type ReasonCode =
  | 'soak-healthy'
  | 'confirmed-by-operator'
  | 'held-and-kept'
  | 'kept-in-part'
  | 'check-failed'
  | 'inconclusive'
  | 'apply-failed'
  | 'apply-timeout'
  | 'pipeline-failed'
  | 'aborted-by-operator'
  | 'cancelled'
  | 'not-confirmed'
  | 'contact-lost'
  | 'rescued-on-host'
  | 'taken-over-while-applying'
  | 'internal-error'
  | 'rejected-by-operator'
  | 'approval-expired'
  | 'moved-too-often'
  | 'preflight-refused'
  | 'baseline-red'
  | 'target-busy'
  | 'target-refused'
  | 'target-dirty'
  | 'no-agent'
  | 'invalid-request'
  | 'snapshot-failed'
  | 'abandoned-by-operator';

export interface TimelineEntry {
  /** Unix ms. */
  readonly at: number;
  readonly phase: Phase;
  /** One plain sentence. */
  readonly text: string;
}

/** How the dependents are after the end; says nothing about the configuration. */
export type DependentsAfter = 'unaffected' | 'recovered' | 'still-failing' | 'not-measured';

export interface ChangeResult {
  readonly outcome: Outcome;
  readonly reason: ReasonCode;
  /** One plain sentence for people. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  readonly target: string;
  readonly changeId: string;
  readonly dependents: DependentsAfter;
  /** What the wrapped command of a pipeline returned, if it told. */
  readonly commandExitCode: number | null;
  readonly snapshots: { readonly before: string | null; readonly change: string | null; readonly after: string | null };
  /** Unix ms of each moment reached; null when it was not. `restored`: proven on a new connection. */
  readonly moments: {
    readonly started: number;
    readonly armed: number | null;
    readonly applied: number | null;
    readonly firstFailure: number | null;
    readonly decided: number | null;
    readonly restored: number | null;
    readonly recovered: number | null;
    readonly closed: number;
  };
  readonly conflicts: readonly string[];
  /** What of the change explains the failing checks; absent: nothing is known to. */
  readonly attribution?: readonly Attribution[];
  readonly timeline: readonly TimelineEntry[];
}
