/** What a workflow must know of a request before anybody has judged it: its two names, and what it says of itself. No zod. */
import { namePattern, type Change } from './change.ts';
import type { Problem } from './problem.ts';

/** As `nameShape`: a queue, a search attribute and file names are made of it. */
const longestName = 63;

/** Why no change can even be named; null: the rest is for the first activity to judge. */
export function formProblem(input: unknown, names: readonly string[] = ['target', 'changeId']): Problem | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return invalid(`the request must be an object with ${names.join(' and ')}`);
  for (const name of names) {
    const value = (input as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) return invalid(`"${name}" is missing`);
    if (typeof value !== 'string' || value.length > longestName || !namePattern.test(value))
      return invalid(`${name}: is not a valid name`);
  }
  return null;
}

function invalid(message: string): Problem {
  return {
    code: 'invalid-value',
    message,
    hint: 'Names are made of lower-case letters, digits and hyphens, at most 63.',
  };
}

/** A request's own words; '' where they are none. */
export interface Claims {
  /** null: none that is known. */
  readonly changeKind: Change['kind'] | null;
  readonly requestedBy: string;
  readonly reason: string;
}

const kinds: readonly Change['kind'][] = ['config', 'command', 'external'];

export function claimsOf(input: object): Claims {
  const { change, requestedBy, reason } = input as Readonly<Record<string, unknown>>;
  const kind = typeof change === 'object' && change !== null && 'kind' in change ? change.kind : '';
  return {
    changeKind: kinds.find((known) => known === kind) ?? null,
    requestedBy: text(requestedBy),
    reason: text(reason),
  };
}

/** What a request of the right form may hold is shorter. */
const longestClaim = 2_000;

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestClaim) : '';
}
