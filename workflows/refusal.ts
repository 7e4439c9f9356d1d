/** A "no" to an Update, as the Web UI's dialog shows it: the reason, without a stack that says nothing to whoever reads it. */
import { ApplicationFailure } from '@temporalio/workflow';
import { inWords, type Problem } from '../domain/problem.ts';

/** Of a validator: nothing is recorded. */
export function refusal(problem: Problem): Error {
  return withoutStack(new Error(inWords(problem)));
}

/** Of a handler, for what only an activity could tell: recorded as a failed Update. */
export function failedUpdate(problem: Problem): ApplicationFailure {
  return withoutStack(ApplicationFailure.nonRetryable(inWords(problem), problem.code, problem));
}

function withoutStack<E extends Error>(error: E): E {
  error.stack = '';
  return error;
}
