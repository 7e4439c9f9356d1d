/** The end of a command that has shown a plan which would be refused: the reasons once more, and exit code 13. */
import type { PlanSummary } from '../domain/plan.ts';
import { refusalsOf } from '../domain/plan/risk.ts';
import type { Surroundings } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { renderProblems } from './render/problem.ts';

export function endIfRefused(plan: PlanSummary, { io, exit }: Surroundings): void {
  if (plan.risk !== 'refused') return;
  io.err(renderProblems(refusalsOf(plan), io.colors));
  exit(exitCodes.refused);
}
