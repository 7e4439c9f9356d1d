/** What the server and the workflow answer when they say no, as problems; what nobody foresaw is thrown on. */
import {
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Problem } from '../domain/problem.ts';

export interface Refused {
  readonly kind: 'refused';
  readonly problems: readonly Problem[];
}

export function refused(problem: Problem): Refused {
  return { kind: 'refused', problems: [problem] };
}

/** `what` names the change: `knowngood:shop-db:c-1`. */
export function refusalOf(error: unknown, what: string): Refused {
  if (error instanceof WorkflowUpdateFailedError) {
    return refused({ code: 'update-refused', message: error.cause?.message ?? error.message });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || grpcCode(error) === deadlineExceeded) {
    return refused({
      code: 'no-worker',
      message: `no worker answers for ${what}`,
      detail: 'What no worker has accepted is not durable: it counts as not said.',
      hint: 'Start one with "knowngood worker", and say it again.',
    });
  }
  if (error instanceof WorkflowNotFoundError) {
    return refused({
      code: 'unknown-change',
      message: `${what} is not open`,
      hint: 'See "knowngood status" for the open ones.',
    });
  }
  if (error instanceof NamespaceNotFoundError) {
    return refused({
      code: 'temporal-unreachable',
      message: `Temporal has no namespace "${error.namespace}"`,
      hint: 'Set TEMPORAL_NAMESPACE or temporal.namespace, or create it.',
    });
  }
  if (grpcCode(error) === unauthenticated || grpcCode(error) === permissionDenied) {
    return refused({
      code: 'temporal-not-let-in',
      message: 'Temporal refuses the request to who sends it',
      detail: causeOf(error)?.details ?? '',
      hint: 'Check that the API key or client certificate is valid, not expired, and may use this namespace.',
    });
  }
  if (isUnavailable(error)) {
    return refused({
      code: 'temporal-unreachable',
      message: 'Temporal does not answer',
      detail: error instanceof Error ? error.message : String(error),
      hint: 'An armed change is safe: its agent reverts by itself when the lease runs out.',
    });
  }
  throw error;
}

const deadlineExceeded = 4;
const permissionDenied = 7;
const failedPrecondition = 9;
const unavailable = 14;
const unauthenticated = 16;

/** Asked again, it may answer. */
export function isUnavailable(error: unknown): boolean {
  return grpcCode(error) === unavailable || isTaskFailure(error);
}

/** The worker that had the Update in hand died or stumbled: the next task has it again. The server has no code for it. */
function isTaskFailure(error: unknown): boolean {
  return grpcCode(error) === failedPrecondition && /workflow task failure/.test(causeOf(error)?.details ?? '');
}

function grpcCode(error: unknown): number | null {
  return causeOf(error)?.code ?? null;
}

function causeOf(error: unknown): { readonly code: number; readonly details: string } | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : null;
}
