/** Why a server could not be read or written, in PostgreSQL's form, with the name that `domain/failures.ts` knows. */
import type { FailureName } from '../../domain/failures.ts';
import type { Problem } from '../../domain/problem.ts';

export class TargetError extends Error {
  readonly failure: FailureName;
  readonly problems: readonly Problem[];

  constructor(failure: FailureName, problems: readonly Problem[], cause?: unknown) {
    super(problems.map(({ message, detail }) => [message, detail].filter(Boolean).join(': ')).join('; '), { cause });
    this.name = 'TargetError';
    this.failure = failure;
    this.problems = problems;
  }

  get problem(): Problem {
    return this.problems[0] ?? { code: 'unknown', message: this.message };
  }
}

export function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses is an AggregateError without a message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** SQLSTATE or errno word; null when there is none. */
export function codeOf(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
