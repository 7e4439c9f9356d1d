/** Findings as they are made. */
import type { Problem } from '../../../domain/problem.ts';
import type { RehearsalFinding } from '../../../domain/rehearsal.ts';
import { TargetError, messageOf } from '../target-error.ts';

export interface Findings {
  readonly all: readonly RehearsalFinding[];
  say(what: string, ok: boolean | null, problem?: Problem): void;
  /** One that is ok, or one for each problem. Answers whether it is ok. */
  sayAll(what: string, problems: readonly Problem[]): boolean;
}

export function openFindings(): Findings {
  const all: RehearsalFinding[] = [];
  const say: Findings['say'] = (what, ok, problem) =>
    void all.push({ what, ok, ...(problem === undefined ? {} : { problem }) });
  return {
    all,
    say,
    sayAll(what, problems) {
      if (problems.length === 0) say(what, true);
      for (const problem of problems) say(what, false, problem);
      return problems.length === 0;
    },
  };
}

export function problemOf(error: unknown): Problem {
  if (error instanceof TargetError) return error.problem;
  return { code: 'rehearsal-broke', message: 'the rehearsal could not be carried out', detail: messageOf(error) };
}
