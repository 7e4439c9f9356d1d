/** What goes wrong while the embedded stack is set up, in the form in which all problems are told. */
import type { Problem } from '../../domain/problem.ts';

export class StackError extends Error implements Problem {
  override readonly name = 'StackError';
  readonly code: string;
  readonly detail: string;
  readonly hint: string;

  constructor(problem: Required<Problem>, cause?: unknown) {
    super(problem.message, cause === undefined ? undefined : { cause });
    this.code = problem.code;
    this.detail = problem.detail;
    this.hint = problem.hint;
  }

  /** All three parts, one a line. */
  override toString(): string {
    return [this.message, this.detail && `DETAIL: ${this.detail}`, this.hint && `HINT: ${this.hint}`]
      .filter((line) => line !== '')
      .join('\n');
  }
}
