/**
 * Failures as Temporal takes them. Where payloads are encrypted, message and stack are payloads too; the refusal of an
 * Update is not: it is kept nowhere, and the Web UI's dialog could not show it.
 */
import { ApplicationFailure, DefaultFailureConverter, type FailureConverter } from '@temporalio/common';
import { Refused } from './refusal.ts';

const inClear = new DefaultFailureConverter();
const asPayload = new DefaultFailureConverter({ encodeCommonAttributes: true });

/** Set by the worker in front of the bundle: the sandbox knows of no key. */
const { knowngoodEncryptsFailures = false } = globalThis as { readonly knowngoodEncryptsFailures?: boolean };

export const failureConverter: FailureConverter = {
  errorToFailure: (error, ...rest) =>
    (knowngoodEncryptsFailures && !isRefusal(error) ? asPayload : inClear).errorToFailure(error, ...rest),
  failureToError: (...failure) => inClear.failureToError(...failure),
};

/** By then the SDK has made a failure of it. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === Refused.name;
}
