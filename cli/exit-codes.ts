/** The one table of exit codes: what a pipeline learns from the number alone. */
import type { Problem } from '../domain/problem.ts';
import type { ChangeResult, ReasonCode } from '../domain/result.ts';

export const exitCodes = {
  kept: 0,
  error: 1,
  reverted: 10,
  untouched: 11,
  incomplete: 12,
  refused: 13,
  busy: 14,
  open: 15,
  drift: 16,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For `--help`, the reference and the job summary. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'kept (or, for commands that only look or speak: done)',
  1: 'usage, no agent, internal error',
  10: 'reverted, in whole or in part; also aborted after arm, or the wrapped command failed',
  11: 'rejected, expired or aborted; nothing was touched',
  12: 'revert incomplete when --wait ran out (the workflow goes on), or abandoned',
  13: 'refused by preflight or a red baseline; nothing was touched',
  14: 'the target is busy with another change',
  15: 'detached or --wait ran out; the outcome is open',
  16: 'drift was found, and --exit-code was given',
};

/** Why nothing was touched; every other reason of a rejected change is a person's or a deadline's no. */
const byReason: Partial<Record<ReasonCode, ExitCode>> = {
  'no-agent': exitCodes.error,
  'invalid-request': exitCodes.error,
  'internal-error': exitCodes.error,
  'snapshot-failed': exitCodes.error,
  'target-busy': exitCodes.busy,
  'preflight-refused': exitCodes.refused,
  'baseline-red': exitCodes.refused,
  'target-refused': exitCodes.refused,
  'target-dirty': exitCodes.refused,
};

export function exitCodeOf({ outcome, reason }: Pick<ChangeResult, 'outcome' | 'reason'>): ExitCode {
  switch (outcome) {
    case 'kept':
      // Not what was asked for: somebody has to look.
      return reason === 'kept-in-part' ? exitCodes.reverted : exitCodes.kept;
    case 'reverted':
      return exitCodes.reverted;
    case 'abandoned':
      return exitCodes.incomplete;
    case 'rejected':
    case 'aborted':
      return byReason[reason] ?? exitCodes.untouched;
    default:
      return outcome satisfies never;
  }
}

/** For answers without a result: a plan or a snapshot that was refused. What cannot be understood or reached is always an error. */
export function exitCodeOfProblems(problems: readonly Problem[], otherwise: ExitCode = exitCodes.error): ExitCode {
  if (problems.some(({ code }) => code === 'target-busy')) return exitCodes.busy;
  return problems.some(({ code }) => usage.has(code)) ? exitCodes.error : otherwise;
}

const usage: ReadonlySet<string> = new Set([
  'no-agent',
  'no-worker',
  'temporal-unreachable',
  'temporal-tls',
  'temporal-not-let-in',
  'invalid-value',
  'missing-key',
  'unknown-key',
  'unknown-target',
  'literal-secret',
  'secret-setting',
  'too-large',
  'wrong-workflow-id',
]);
