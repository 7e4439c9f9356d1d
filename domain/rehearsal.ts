/** What a rehearsal on the database host found: plain data. The live server is never part of it. */
import type { Asked } from './access/impact.ts';
import type { PlanSummary } from './plan.ts';
import type { Problem } from './problem.ts';

export interface RehearsalFinding {
  /** `the candidate starts`, `image_svc@shop over the socket logs in`. */
  readonly what: string;
  /** null: it could not be tried here, and `problem` says why; that speaks neither for nor against the change. */
  readonly ok: boolean | null;
  readonly problem?: Problem;
}

export interface Rehearsal {
  /** In the order in which they were made. */
  readonly findings: readonly RehearsalFinding[];
  /** Those of the findings that are not ok: empty, and nothing speaks against the change. */
  readonly problems: readonly Problem[];
  readonly tookMs: number;
}

/** A connection that a dependent makes. */
export interface RehearsedPrincipal {
  readonly user: string;
  readonly database: string;
  /** null: over the socket. Only loopback addresses can be tried on the host itself. */
  readonly address: string | null;
  readonly tls: boolean;
}

const mostPrincipals = 20;

/** Who can be tried on the host itself: by the socket or from a loopback address, and expected to get in. */
export function rehearsedPrincipals(
  asked: readonly Asked[],
  { access }: Pick<PlanSummary, 'access'>,
): readonly RehearsedPrincipal[] {
  const changed = [...(access?.lost ?? []), ...(access?.unknown ?? []), ...(access?.gained ?? [])];
  return asked
    .filter(({ from }) => from === 'local' || /^127(\.\d+){3}$/.test(from ?? ''))
    .filter(({ user, database }) => !changed.some((one) => one.user === user && one.database === database))
    .slice(0, mostPrincipals)
    .map(({ user, database, from, tls }) => ({ user, database, address: from === 'local' ? null : from, tls }));
}

/** How a scratch server answers a principal; `sqlState` null: it is let in, or nothing came so far. */
export type LoginAnswer =
  | { readonly kind: 'in' }
  | { readonly kind: 'denied'; readonly sqlState: string | null; readonly message: string }
  | { readonly kind: 'untried'; readonly why: string };

export function rehearsalOf(findings: readonly RehearsalFinding[], tookMs: number): Rehearsal {
  const problems = findings.flatMap(({ ok, problem }) => (ok === false && problem !== undefined ? [problem] : []));
  return { findings, problems, tookMs };
}
