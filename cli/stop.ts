/** Ends a command: an exit code, and what to tell about it. Caught in one place, `run.ts`. */
import type { Problem } from '../domain/problem.ts';
import { exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export class Stop extends Error {
  override readonly name = 'Stop';
  readonly exitCode: ExitCode;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], exitCode: ExitCode = exitCodes.error) {
    super(problems.map(({ message }) => message).join('\n'));
    this.exitCode = exitCode;
    this.problems = problems;
  }
}

export function stop(problem: Problem, exitCode: ExitCode = exitCodes.error): Stop {
  return new Stop([problem], exitCode);
}

/** Unwraps an answer, or ends the command with its problems. */
export function must<T extends { readonly kind: string }>(
  answer: T,
  exitCodeFor: (problems: readonly Problem[]) => ExitCode = () => exitCodes.error,
): Exclude<T, { readonly kind: 'refused' }> {
  if (answer.kind !== 'refused') return answer as Exclude<T, { readonly kind: 'refused' }>;
  const { problems } = answer as unknown as { readonly problems: readonly Problem[] };
  throw new Stop(problems, exitCodeFor(problems));
}
