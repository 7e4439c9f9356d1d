/** How a change comes to its end: values, so that no "no" is an exception, and the one translation of real exceptions. */
import { TimeoutType } from '@temporalio/common';
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { Outcome } from '../domain/phase.ts';
import type { Problem } from '../domain/problem.ts';
import type { ReasonCode } from '../domain/result.ts';

/** An end before the first write. */
export interface End {
  readonly outcome: Outcome;
  readonly reason: ReasonCode;
  readonly summary: string;
  readonly problems: readonly Problem[];
}

/** What is to become of a change that is in force. */
export type Ruling =
  | { readonly kind: 'keep'; readonly reason: ReasonCode; readonly why: string }
  | { readonly kind: 'revert'; readonly reason: ReasonCode; readonly why: string };

export function rejected(reason: ReasonCode, summary: string, problems: readonly Problem[] = []): End {
  return { outcome: 'rejected', reason, summary, problems };
}

/** Words for an exception from an activity; agents put their Problem into the failure's details. */
export function problemOf(error: unknown): Problem {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  if (cause instanceof ApplicationFailure) {
    const [detail] = (cause.details ?? []) as unknown[];
    if (typeof detail === 'object' && detail !== null && 'message' in detail) return detail as Problem;
    return { code: cause.type ?? 'internal-error', message: cause.message };
  }
  if (cause instanceof TimeoutFailure)
    return cause.timeoutType === TimeoutType.SCHEDULE_TO_START
      ? { code: 'no-worker', message: 'no worker took the step in time' }
      : { code: 'step-timed-out', message: 'a step did not answer in time' };
  if (isCancellation(error)) return { code: 'cancelled', message: 'cancelled' };
  return { code: 'internal-error', message: error instanceof Error ? error.message : String(error) };
}

/** The headline of several problems. */
export function firstOf(problems: readonly Problem[]): string {
  const [first, ...rest] = problems;
  return `${first?.message ?? 'refused'}${rest.length > 0 ? ` (and ${rest.length} more)` : ''}`;
}
