/** The table of exit codes. */
import { describe, expect, it } from '@jest/globals';
import { exitCodeOf, exitCodeOfProblems, exitCodes } from '../../cli/exit-codes.ts';

describe('the exit code of a result', () => {
  for (const [name, outcome, reason, want] of [
    ['is 0 when the change was kept', 'kept', 'soak-healthy', 0],
    ['is 0 when an operator kept it', 'kept', 'held-and-kept', 0],
    ['is 10 when a check failed', 'reverted', 'check-failed', 10],
    ['is 10 when it was aborted after arm', 'reverted', 'aborted-by-operator', 10],
    ['is 10 when the wrapped command failed', 'reverted', 'pipeline-failed', 10],
    ['is 10 when the agent reverted by itself', 'reverted', 'contact-lost', 10],
    ['is 11 when an operator rejected it', 'rejected', 'rejected-by-operator', 11],
    ['is 11 when nobody approved it in time', 'rejected', 'approval-expired', 11],
    ['is 11 when it was aborted before anything was touched', 'aborted', 'aborted-by-operator', 11],
    ['is 11 when it was cancelled before anything was touched', 'aborted', 'cancelled', 11],
    ['is 11 when the target moved on too often', 'aborted', 'moved-too-often', 11],
    ['is 12 when it was abandoned', 'abandoned', 'abandoned-by-operator', 12],
    ['is 13 when preflight refused it', 'rejected', 'preflight-refused', 13],
    ['is 13 when the baseline was red', 'rejected', 'baseline-red', 13],
    ['is 13 when the server was dirty', 'rejected', 'target-dirty', 13],
    ['is 13 when the target is not guardable', 'rejected', 'target-refused', 13],
    ['is 14 when the target was busy', 'rejected', 'target-busy', 14],
    ['is 1 when no agent answered', 'rejected', 'no-agent', 1],
    ['is 1 when the request was not understood', 'rejected', 'invalid-request', 1],
    ['is 1 on an internal error that touched nothing', 'rejected', 'internal-error', 1],
  ] as const) {
    it(name, () => expect(exitCodeOf({ outcome, reason })).toBe(want));
  }
});

describe('the exit code of a refusal', () => {
  const of = (code: string): number => exitCodeOfProblems([{ code, message: '' }], exitCodes.refused);
  it('is 14 for a busy target', () => expect(of('target-busy')).toBe(14));
  it('is 1 when nobody is there to ask', () => expect(of('no-agent')).toBe(1));
  it('is 1 for a request that is not understood', () => expect(of('unknown-target')).toBe(1));
  it('is 13 for what preflight says', () => expect(of('unknown-setting')).toBe(13));
});
