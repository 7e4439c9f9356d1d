/** Turns what an activity throws into a failure that carries its Problem, and whether trying again can help. */
import { ApplicationFailure } from '@temporalio/common';
import { failures, type FailureName } from '../domain/failures.ts';
import type { Problem } from '../domain/problem.ts';

export function failure(type: FailureName, problem: Problem): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: [problem.message, problem.detail].filter(Boolean).join(': '),
    nonRetryable: !failures[type].retryable,
    details: [problem],
  });
}

/** Errors of our own carry `problem` or `problems`; others are let through for Temporal to retry. */
export async function explained<Output>(type: FailureName, work: () => Promise<Output>): Promise<Output> {
  try {
    return await work();
  } catch (error) {
    const problem = carried(error);
    throw problem ? failure(type, problem) : error;
  }
}

function carried(error: unknown): Problem | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('problem' in error) return error.problem as Problem;
  if ('problems' in error) return (error.problems as Problem[])[0] ?? null;
  return null;
}
