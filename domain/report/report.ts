/** The report of one guarded change as plain data: its JSON face, and what the others are rendered from. */
import type { AdmittedChange } from '../admitted.ts';
import type { Attribution } from '../access/attribution.ts';
import { comparisonOf, type Comparison } from './april-12.ts';
import type { Outcome } from '../phase.ts';
import type { PlanSummary, RevertItem } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { reasonWords } from './reason-words.ts';
import { checkReportsOf, type CheckReport } from './checks.ts';
import type { ReportDetails, ReportInput } from './input.ts';
import { decisionsOf, type Decision } from './decisions.ts';
import { failingOf, type Failing } from './failing.ts';
import { momentsOf, spansOf, timesOf, type Moment, type Spans } from './moments.ts';
import { followUpsOf, resolutionOf } from './resolution.ts';
import type { LogEvidence } from './server-log.ts';
import { causeOf, headlineOf, impactOf } from './words.ts';
import type { ChangeResult, DependentsAfter, ReasonCode, TimelineEntry } from '../result.ts';

export interface ReportModel {
  /** Grows by fields; a changed or removed one is a new number. */
  readonly schema: 'knowngood.report/1';
  /** `<target>:<changeId>`. */
  readonly id: string;
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly headline: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly reason: ReasonCode;
  /** The reason in words: `a dependent failed its check`. */
  readonly because: string;
  readonly requestedBy: string;
  /** Why the change was wanted; '' when not said. */
  readonly why: string;
  readonly changeKind: AdmittedChange['changeKind'];
  readonly what: string;
  /** Overrides of the policy, in words. */
  readonly notes: readonly string[];
  readonly moments: readonly Moment[];
  readonly spans: Spans;
  readonly dependents: DependentsAfter;
  readonly impact: readonly string[];
  readonly checks: readonly CheckReport[];
  readonly timeline: readonly TimelineEntry[];
  readonly cause: readonly string[];
  /** Which parts of the change explain which checks. */
  readonly attribution: readonly Attribution[];
  readonly failing: Failing;
  /** null: the server's log was not asked. */
  readonly log: LogEvidence | null;
  readonly plan: PlanSummary | null;
  readonly resolution: readonly string[];
  readonly reverted: readonly RevertItem[];
  readonly proof: readonly string[];
  readonly conflicts: readonly string[];
  readonly problems: readonly Problem[];
  readonly approvals: ReportDetails['approvals'];
  readonly decisions: readonly Decision[];
  readonly snapshots: ChangeResult['snapshots'];
  readonly commandExitCode: number | null;
  readonly followUps: readonly string[];
  /** null unless it was asked for. */
  readonly comparison: Comparison | null;
}

export function reportOf(input: ReportInput): ReportModel {
  const { change, result, details, plan } = input;
  const checks = checkReportsOf(input);
  const shadows = new Set(checks.filter(({ shadow }) => shadow).map(({ name }) => name));
  return {
    schema: 'knowngood.report/1',
    id: `${result.target}:${result.changeId}`,
    target: result.target,
    changeId: result.changeId,
    workflowId: input.workflowId,
    runId: input.runId,
    headline: headlineOf(input, checks),
    summary: result.summary,
    outcome: result.outcome,
    reason: result.reason,
    because: reasonWords[result.reason],
    requestedBy: change.requestedBy,
    why: change.reason,
    changeKind: change.changeKind,
    what: change.what,
    notes: change.notes,
    moments: momentsOf(timesOf(result)),
    spans: spansOf(timesOf(result)),
    dependents: result.dependents,
    impact: impactOf(input, checks),
    checks,
    timeline: [...result.timeline].sort((a, b) => a.at - b.at),
    cause: causeOf(input, checks),
    attribution: result.attribution ?? [],
    failing: failingOf(input.samples.filter(({ check }) => !shadows.has(check))),
    log: details.log ?? null,
    plan,
    resolution: resolutionOf(input),
    reverted: details.reverted,
    proof: details.proof,
    conflicts: result.conflicts,
    problems: result.problems,
    approvals: details.approvals,
    decisions: decisionsOf(input),
    snapshots: result.snapshots,
    commandExitCode: result.commandExitCode,
    followUps: followUpsOf(input, checks),
    comparison: input.compareWith === 'april-12' ? comparisonOf(input) : null,
  };
}
