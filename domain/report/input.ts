/** What a report is made of: the admitted change, how it ended, and everything that was measured on the way. */
import type { AdmittedChange } from '../admitted.ts';
import type { CheckProgress, Finding, Sample } from '../check.ts';
import type { PlanSummary, RevertItem } from '../plan.ts';
import type { RecordedDecision } from '../decision.ts';
import type { ChangeResult } from '../result.ts';
import type { Approval } from '../view.ts';
import type { LogEvidence } from './server-log.ts';

/** What a report shows beyond the result. */
export interface ReportDetails {
  readonly baseline: readonly CheckProgress[];
  readonly watch: readonly CheckProgress[];
  readonly recovery: readonly CheckProgress[];
  /** When checks that never end a watch would have. Absent: none of them, as of an earlier version. */
  readonly crossed?: readonly (Finding & { readonly check: string })[];
  readonly approvals: readonly Approval[];
  /** Oldest first. Absent: of an earlier version, which told of them in the timeline only. */
  readonly decisions?: readonly RecordedDecision[];
  readonly proof: readonly string[];
  readonly reverted: readonly RevertItem[];
  /** What the server's log says around it. Absent: nobody asked, as of what was kept. */
  readonly log?: LogEvidence;
}

export interface ReportInput {
  readonly change: AdmittedChange;
  readonly workflowId: string;
  readonly runId: string;
  readonly result: ChangeResult;
  readonly plan: PlanSummary | null;
  readonly details: ReportDetails;
  /** In any order; may be fewer than were taken, for the store is on no critical path. */
  readonly samples: readonly Sample[];
  /** Sets the outage of April 12 beside it, as the demo does. */
  readonly compareWith?: 'april-12';
}
