/** One thing that the doctor looked at, and what came of it. */
import type { Problem } from '../../domain/problem.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly problem?: Problem;
  /** What a superuser runs, in the database of the agent's connection, to mend it. Comments are no statements. */
  readonly sql?: readonly string[];
}

export function passed(name: string): DoctorCheck {
  return { name, ok: true };
}

export function failed(name: string, problem: Problem): DoctorCheck {
  return { name, ok: false, problem };
}
