/** Carries problems out of an entry point; renderers show them, so its own message is only for logs. */
import type { Problem } from '../domain/problem.ts';

export class ProblemsError extends Error {
  override readonly name = 'ProblemsError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}
