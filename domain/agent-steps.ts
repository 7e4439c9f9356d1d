/**
 * What can be asked of the agent, and what it answers: plain JSON; a foreseen "no" is a value, never an exception. The
 * workflow calls it through `activities/contract.ts`.
 */
import type { AccessAnswer } from './access/explain.ts';
import type { Asked } from './access/impact.ts';
import type { ChangeRequest } from './change.ts';
import type { DriftLook, DriftQuestion } from './drift/drift.ts';
import type { JournalPhase } from './phase.ts';
import type { HeldBack, HeldRuling, NeverReopen } from './never-reopen.ts';
import type { PlanItem, PlanSummary, RevertItem } from './plan.ts';
import type { Problem } from './problem.ts';
import type { CheckToProve, Proofs } from './proof.ts';
import type { LogEvidence } from './report/server-log.ts';
import type { Rehearsal, RehearsedPrincipal } from './rehearsal.ts';
import type { ReasonCode } from './result.ts';
import type { WayBack } from './ways-back.ts';

/** Names the caller to the agent: the run that armed owns the change. */
export interface Caller {
  readonly target: string;
  readonly changeId: string;
  readonly runId: string;
}

/** `Closed.by` of a revert that the agent knows nothing of: it left a tombstone and wrote nothing else. */
export const neverArmed = 'agent: never armed';

/** The change is over already: this state is the answer, and nothing was written. */
export interface Closed {
  readonly kind: 'closed';
  readonly phase: 'reverted' | 'confirmed' | 'abandoned';
  /** Who closed it: `workflow`, `agent: contact lost`, `rescue on the host`. */
  readonly by: string;
  readonly reason: ReasonCode;
  readonly snapshotId: string | null;
  /** Unix ms. */
  readonly at: number;
}
export interface Busy {
  readonly kind: 'busy';
  readonly holder: { readonly changeId: string; readonly phase: JournalPhase; readonly since: number };
}
export interface Refused {
  readonly kind: 'refused';
  readonly problems: readonly Problem[];
}
/** A newer run owns the change, or the journal is in a phase in which this step makes no sense. */
export interface Stale {
  readonly kind: 'stale';
  readonly phase: JournalPhase;
  readonly owner: string;
}
/** The change is being reverted by the agent (lease, rescue): call `revert` and take its answer. */
export interface Reverting {
  readonly kind: 'reverting';
  readonly reason: ReasonCode;
}

export interface Snapshotted {
  readonly kind: 'snapshotted';
  readonly snapshotId: string;
  readonly version: string;
  /** Empty: may become known-good. */
  readonly dirty: readonly Problem[];
  /** Set when this change's journal is open already (a Reset): its phase; `snapshotId` is then its S. */
  readonly journal: JournalPhase | null;
}

export interface Armed {
  readonly kind: 'armed';
  /** `armed` for a first arm; after a takeover the phase found: `applied` → go on to watch, `applying` → revert. */
  readonly phase: 'armed' | 'applying' | 'applied';
  /** Known when phase is `applied`. */
  readonly applied: Applied | null;
  /** By which a revert would reach the server; absent in answers of older agents. */
  readonly waysBack?: readonly WayBack[];
}

export interface Applied {
  readonly kind: 'applied';
  /** The snapshot C. */
  readonly snapshotId: string;
  /** Unix ms when new connections were answered: settle counts from here. */
  readonly acceptingAt: number;
  readonly restarted: boolean;
  /** What changed, S → C, for details and report. */
  readonly plan: PlanSummary;
  /** Exit code of a `command` change, else null. */
  readonly exitCode: number | null;
  /** Items that an earlier run has taken back since; absent: none. */
  readonly takenBack?: readonly string[];
}

/** Items of the change that are back to S; the rest of it stays in force, and armed. */
export interface PartlyReverted {
  readonly kind: 'partly';
  /** The snapshot C from now on. */
  readonly snapshotId: string;
  /** Unix ms when new connections were answered. */
  readonly acceptingAt: number;
  readonly items: readonly PlanItem[];
}

export interface Reverted {
  readonly kind: 'reverted';
  readonly by: string;
  readonly reason: ReasonCode;
  readonly snapshotId: string | null;
  readonly at: number;
  readonly restarted: boolean;
  readonly acceptingAt: number | null;
  readonly proof: readonly string[];
  readonly conflicts: readonly string[];
  readonly items: readonly RevertItem[];
}

export interface Incomplete {
  readonly kind: 'incomplete';
  /** What is held back included. */
  readonly remaining: readonly Problem[];
  readonly items: readonly RevertItem[];
  /** What a security approver decides about; absent: nothing. */
  readonly held?: HeldBack;
}

/** What a rehearsal found. `problems` empty: nothing of what could be tried speaks against the change. */
export interface Rehearsed extends Rehearsal {
  readonly kind: 'rehearsed';
}

/** Of each check, whether it would notice. */
export interface Proven extends Proofs {
  readonly kind: 'proven';
}

/** The agent's own configuration turns rehearsals off. */
export interface NotRehearsed {
  readonly kind: 'off';
}

export interface Answered {
  readonly kind: 'answered';
  readonly answers: readonly AccessAnswer[];
  /** Left out, so that the answer fits; absent: none. */
  readonly more?: number;
}

export interface AgentActivities {
  ping(input: { target: string }): Promise<{ agent: string; version: string; openChange: Busy['holder'] | null }>;
  /** `lookOnly`: answers the live configuration whatever is open, and binds nothing to the change. */
  snapshot(input: Caller & { lookOnly: boolean }): Promise<Snapshotted | Busy | Closed | Refused>;
  /** Who gets in by the configuration as it is. Touches nothing. */
  access(input: Caller & { asked: readonly Asked[]; withObserved: boolean }): Promise<Answered | Refused>;
  /**
   * What is not as in the known-good snapshot. Reads the target only; what drifts is put into the store unless it drifts
   * as `known` says, an unchanged configuration never is. `keep`: stored in any case.
   */
  drift(
    input: Caller & DriftQuestion & { access: readonly Asked[]; known: string | null; keep: boolean },
  ): Promise<DriftLook>;
  plan(
    input: Caller & {
      snapshotId: string;
      request: ChangeRequest;
      access?: readonly Asked[];
      /** What a way back to an earlier snapshot leaves closed; absent: only what agent.yaml says. */
      neverReopen?: NeverReopen;
    },
  ): Promise<{ kind: 'planned'; plan: PlanSummary } | Refused>;
  /**
   * The planned change on a scratch server of the agent's host, never on the target. `planHash` null: what will be done is
   * not known, then only whether the configuration as it is would start again. Heartbeats.
   */
  rehearse(
    input: Caller & { snapshotId: string; planHash: string | null; principals: readonly RehearsedPrincipal[] },
  ): Promise<Rehearsed | NotRehearsed | Refused>;
  /** Negative control of checks, on a scratch server of the agent's host. Heartbeats. */
  proveChecks(
    input: Caller & { snapshotId: string; checks: readonly CheckToProve[] },
  ): Promise<Proven | NotRehearsed | Refused>;
  arm(
    input: Caller & {
      workflowId: string;
      snapshotId: string;
      planHash: string;
      changeKind: 'config' | 'command' | 'external';
      /** Run id under which the approvals were given; null when none were needed. */
      approvalRunId: string | null;
      leaseMs: number;
      graceMs: number;
      /** First progress deadline. */
      progressMs: number;
      onContactLost: 'revert' | 'wait';
      quietMs: number;
      revertMayRestart: boolean;
      /** Who must still get in: asked about once the change is in force. */
      access?: readonly Asked[];
      /** Absent: no. */
      expectsReboot?: boolean;
      /** What its revert leaves closed; absent: only what agent.yaml says. */
      neverReopen?: NeverReopen;
      witnesses: readonly { user: string; database: string; sourceAddress: string | null; tls: boolean }[];
    },
  ): Promise<Armed | { kind: 'moved' } | { kind: 'approval-stale' } | Busy | Closed | Stale | Refused>;
  /** config: writes the plan. command: starts the named command once and waits. Heartbeats with a line of progress. */
  apply(
    input: Caller & { planHash: string; command: string | null },
  ): Promise<
    Applied | { kind: 'failed'; problems: readonly Problem[]; exitCode: number | null } | Closed | Stale | Reverting
  >;
  /** external: the pipeline said it is done; takes C. */
  captureApplied(
    input: Caller,
  ): Promise<Applied | { kind: 'failed'; problems: readonly Problem[]; exitCode: null } | Closed | Stale | Reverting>;
  /** Puts items of an applied change back to S, by their keys. Heartbeats. Refused: nothing more than some of them was. */
  revertItems(
    input: Caller & { only: readonly string[] },
  ): Promise<PartlyReverted | Refused | Closed | Stale | Reverting>;
  /** Moves the progress deadline; an equal or lower sequence moves nothing. Answers only once persisted. */
  deadline(
    input: Caller & { sequence: number; durationMs: number; watching: boolean },
  ): Promise<{ kind: 'moved' | 'unmoved' } | Closed | Stale | Reverting>;
  confirm(
    input: Caller & { acceptDrift: boolean },
  ): Promise<
    | { kind: 'confirmed'; snapshotId: string; at: number }
    | { kind: 'drifted'; items: readonly string[] }
    | Closed
    | Stale
    | Reverting
  >;
  /** Heartbeats. `incomplete` is retried by the workflow for ever; `quietUntilFailed`: keep re-reverting an external change. */
  revert(
    input: Caller & { reason: ReasonCode; pipelineUnfinished: boolean; ruling?: HeldRuling },
  ): Promise<Reverted | Incomplete | Closed | Stale>;
  abandon(input: Caller & { who: string; why: string }): Promise<Closed | Stale>;
  /** For the report, of Unix ms to Unix ms. Reads only, and answers what cannot be read as a sentence. */
  logLines(input: Caller & { since: number; until: number }): Promise<LogEvidence>;
}
