/** The answers that every step of the agent can give, from what the journal says. */
import type { Applied, Busy, Closed, Refused, Reverting, Stale } from '../domain/agent-steps.ts';
import type { AppliedRecord, ClosedRecord, Journal } from '../domain/journal.ts';
import { fitForHistory, type Problem } from '../domain/problem.ts';

export function closedAnswer({ phase, by, reason, snapshotId, at }: ClosedRecord): Closed {
  return { kind: 'closed', phase, by, reason, snapshotId, at };
}

export function busyAnswer({ changeId, phase, since }: Journal): Busy {
  return { kind: 'busy', holder: { changeId, phase, since } };
}

export function staleAnswer({ phase, owner }: Journal): Stale {
  return { kind: 'stale', phase, owner };
}

export function revertingAnswer(journal: Journal): Reverting {
  return { kind: 'reverting', reason: journal.revert?.reason ?? 'internal-error' };
}

export function appliedAnswer(applied: AppliedRecord): Applied {
  return { kind: 'applied', ...applied };
}

export function refused(problems: readonly Problem[]): Refused {
  return { kind: 'refused', problems: fitForHistory(problems) };
}

export function failed(problems: readonly Problem[]): { kind: 'failed'; problems: readonly Problem[]; exitCode: null } {
  return { kind: 'failed', problems: fitForHistory(problems), exitCode: null };
}
