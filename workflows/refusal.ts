/** A "no" to an Update, as the Web UI's dialog shows it: the reason, without a stack that says nothing to whoever reads it. */
import { ApplicationFailure } from '@temporalio/workflow';
import { inWords, type Problem } from '../domain/problem.ts';

/** Of a validator: nothing is recorded. Its name is the failure's type on the wire. */
export class Refused extends Error {}

export function refusal(problem: Problem): Refused {
  return withoutStack(new Refused(inWords(problem)));
}

/** Of a handler, for what only an activity could tell: recorded as a failed Update. */
export function failedUpdate(problem: Problem): ApplicationFailure {
  return withoutStack(ApplicationFailure.nonRetryable(inWords(problem), problem.code, problem));
}

function withoutStack<E extends Error>(error: E): E {
  error.stack = '';
  return error;
}

/** A Signal is only heard: an exception in it would fail the workflow, and fail it again at every try. */
export function harmless(hear: (input?: unknown) => void): (input?: unknown) => void {
  return (input) => {
    try {
      hear(input);
    } catch {
      // Whoever sent it has no claim to more than that it is passed over.
    }
  };
}
