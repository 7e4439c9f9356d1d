/** What a revert never opens again by itself: whom the people who guard the server want to stay out. See docs/security.md. */
import type { Problem } from './problem.ts';
import { byCodeUnit } from './snapshot/canonical.ts';
import { hashOf } from './snapshot/hash.ts';

export interface NeverReopen {
  /** Exact names. */
  readonly roles: readonly string[];
  /** Addresses and networks, such as `203.0.113.0/24`. */
  readonly from: readonly string[];
  /** Rules that let in from other machines without any authentication (`trust`, `ident`). */
  readonly passwordless: boolean;
}

/** Of agent.yaml. */
export interface OwnNeverReopen extends NeverReopen {
  /** Something is listed there: then no word of the orchestrator lifts it, only a signature by one of `keys`, or a person on the host. */
  readonly declared: boolean;
  /** Public keys, each a line as OpenSSH writes it. */
  readonly keys: readonly string[];
}

export const nothingClosed: NeverReopen = { roles: [], from: [], passwordless: false };

/** Where nobody has said anything: who has to show nothing to get in is not let in again unseen. */
export const closedByDefault: NeverReopen = { ...nothingClosed, passwordless: true };

/** Nothing is listed in agent.yaml. */
export const undeclared: OwnNeverReopen = { ...closedByDefault, declared: false, keys: [] };

export function united(one: NeverReopen, other: NeverReopen): NeverReopen {
  return {
    roles: [...new Set([...one.roles, ...other.roles])],
    from: [...new Set([...one.from, ...other.from])],
    passwordless: one.passwordless || other.passwordless,
  };
}

export function closesNothing({ roles, from, passwordless }: NeverReopen): boolean {
  return roles.length === 0 && from.length === 0 && !passwordless;
}

/** The code of what a revert holds back. */
export const heldBack = 'held-back';

/** `message` says what stays as it is: it alone tells one from another, in every attempt. */
export function held(message: string, detail: string): Problem {
  return { code: heldBack, message, detail };
}

/** What a security approver is asked about. */
export interface HeldBack {
  /** Over the change and all that is held back: what an approval is bound to. */
  readonly hash: string;
  /** One plain sentence each, sorted. */
  readonly items: readonly string[];
}

/** null: nothing is. */
export function heldBackOf(changeId: string, problems: readonly Problem[]): HeldBack | null {
  const items = problems.flatMap(({ code, message }) => (code === heldBack ? [message] : [])).sort(byCodeUnit);
  return items.length === 0 ? null : { hash: hashOf({ reopen: changeId, items }), items };
}

/** What was said about what is held back. */
export interface HeldRuling {
  readonly hash: string;
  /** false: it stays closed, and the revert is over without it. */
  readonly allow: boolean;
  /** For people. */
  readonly by: string;
  /** A signed approval, which an agent with keys of its own checks by itself. */
  readonly statement?: string;
  readonly signature?: string;
}
