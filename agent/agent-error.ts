/** Why the agent cannot do what was asked, in PostgreSQL's form, with the name that `domain/failures.ts` knows it by. */
import type { FailureName } from '../domain/failures.ts';
import type { Problem } from '../domain/problem.ts';

export class AgentError extends Error {
  readonly failure: FailureName;
  readonly problem: Problem;

  constructor(failure: FailureName, problem: Problem, cause?: unknown) {
    super([problem.message, problem.detail].filter(Boolean).join(': '), { cause });
    this.name = 'AgentError';
    this.failure = failure;
    this.problem = problem;
  }
}

/** A write was about to happen for somebody who no longer owns the change. */
export class Fenced extends Error {
  constructor() {
    super('this run no longer owns the change; nothing more is written for it');
    this.name = 'Fenced';
  }
}

/** A wait that the next start of the agent takes up again. */
export class Stopping extends Error {
  constructor() {
    super('the agent stops; the revert goes on at its next start');
    this.name = 'Stopping';
  }
}

/** The foreseen problems that an error carries; else one with the error's own words. */
export function problemsOf(error: unknown, code: string): readonly Problem[] {
  if (error instanceof Error && 'problems' in error && Array.isArray(error.problems))
    return error.problems as Problem[];
  if (error instanceof Error && 'problem' in error && isProblem(error.problem)) return [error.problem];
  return [{ code, message: messageOf(error) }];
}

export function messageOf(error: unknown): string {
  // Errors of Node itself may come from another realm (tests run in one), where `instanceof` does not know them.
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : null;
  return typeof message === 'string' && message !== '' ? message : String(error);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}
