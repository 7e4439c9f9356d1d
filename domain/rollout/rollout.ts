/** One change for many targets: the request as plain JSON from any client, what is admitted of it, and how it ended. */
import type { ChangeRequest, ConfigChange } from '../change.ts';
import type { NotifyPlan } from '../notify/plan.ts';
import type { Problem } from '../problem.ts';

/** What becomes of targets that have kept the change when the rollout is halted. */
export type OnHalt = 'undo' | 'keep' | 'ask';

/** The workflow's input. Durations are strings such as `30s`, `10m`. */
export interface RolloutRequest {
  /** `[a-z0-9-]+`, at most 58; also the change id on each target. Used once. */
  readonly rolloutId: string;
  readonly reason?: string;
  readonly requestedBy?: string;
  readonly change: ConfigChange;
  /** Of each target's change, as in a change of its own. */
  readonly overrides?: NonNullable<ChangeRequest['overrides']>;
  readonly targets: {
    /** `tier=production,region in (eu, us),!legacy`. */
    readonly labels?: string;
    readonly names?: readonly string[];
    readonly except?: readonly string[];
  };
  /** The first wave: so many, or these; 0: none. Default 1. */
  readonly canary?: number | readonly string[];
  readonly waves?: {
    /** Targets a wave after the canary. Default 20. */
    readonly size?: number;
    /** Changes open at a time. Default: the wave's size. */
    readonly concurrency?: number;
    /** Between waves; `manual`: until somebody says continue. Default 0s. */
    readonly pause?: string;
  };
  /** How many targets may go wrong before the rollout is halted; default 0 each. */
  readonly budget?: Partial<Budget>;
  /** Default `undo`. */
  readonly onHalt?: OnHalt;
  /** With `ask`: silence for so long is `undo`. Default 1h. */
  readonly askTimeout?: string;
}

export interface Budget {
  /** The change was in force, and was taken back. */
  readonly reverts: number;
  /** Nothing was touched: refused, busy, drifted, rejected, no agent. */
  readonly failures: number;
  /** Dependents were red: before the change, because of it, or after it. */
  readonly redDependents: number;
}

/** Every default filled in; constant through the rollout, its continuations included. */
export interface AdmittedRollout {
  readonly waves: readonly (readonly string[])[];
  readonly concurrency: number;
  /** null: until somebody says continue. */
  readonly pauseMs: number | null;
  readonly budget: Budget;
  readonly onHalt: OnHalt;
  readonly askMs: number;
  readonly requestedBy: string;
  readonly reason: string;
  /** null: nobody is told. */
  readonly notify: NotifyPlan | null;
}

/** `halted`: those that kept the change still have it. `refused`: nothing was touched. */
export type RolloutOutcome = 'done' | 'undone' | 'undone-in-part' | 'halted' | 'refused';

export interface RolloutResult {
  readonly rolloutId: string;
  readonly outcome: RolloutOutcome;
  /** One plain sentence. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  readonly targets: readonly TargetEnd[];
  /** Unix ms. */
  readonly startedAt: number;
  readonly closedAt: number;
}

export interface TargetEnd {
  readonly target: string;
  /** From 0. */
  readonly wave: number;
  readonly state: TargetState;
  /** '' where there is nothing to say. */
  readonly why: string;
}

/**
 * `lost`: its workflow was ended from outside, the agent ends the change; `unknown`: nobody could say how. `untouched`: it
 * was refused, rejected or aborted before anything was written.
 */
export type TargetState =
  | 'waiting'
  | 'running'
  | 'lost'
  | 'kept'
  | 'reverted'
  | 'untouched'
  | 'abandoned'
  | 'unknown'
  | 'undoing'
  | 'undone'
  | 'not-undone';

/** More would not fit into what one run hands to the next. */
export const mostTargets = 400;

/** So that the undo's change id is a name too. */
export const longestRolloutId = 58;

export function rolloutWorkflowId(rolloutId: string): string {
  return `knowngood-rollout:${rolloutId}`;
}

export function undoIdOf(rolloutId: string): string {
  return `${rolloutId}-undo`;
}

/** The change of one target. */
export function changeOf(
  { rolloutId, reason, requestedBy, change, overrides }: RolloutRequest,
  target: string,
): ChangeRequest {
  return {
    target,
    changeId: rolloutId,
    ...(reason === undefined ? {} : { reason }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
    change,
    ...(overrides === undefined ? {} : { overrides }),
  };
}
