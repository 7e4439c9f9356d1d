/** What operators, the pipeline and the agent have decided from outside: written by handlers, read by the flow. */

import type { HeldRuling } from '../domain/never-reopen.ts';

/** What was decided from outside so far. */
export interface Operators {
  rejected: Spoken | null;
  aborted: Spoken | null;
  confirmed: Spoken | null;
  abandoned: Spoken | null;
  /** On what the revert holds back; null once the agent has been told. */
  ruling: HeldRuling | null;
  pipeline: { readonly said: 'applied' | 'failed'; readonly exitCode: number | null; readonly message: string } | null;
  /** The agent said that its journal is closed. */
  journalClosed: boolean;
  /** Run ids under which the approvals that stand were given, as the history records them. */
  approvalRunId: string | null;
  /** Called as soon as an abort is in: stops the forward part. */
  onAbort: () => void;
}

export interface Spoken {
  readonly who: string;
  readonly why: string;
}

/** `kim: on the host`. */
export function saying({ who, why }: Spoken): string {
  return why ? `${who}: ${why}` : who;
}

export function undecided(): Operators {
  return {
    rejected: null,
    aborted: null,
    confirmed: null,
    abandoned: null,
    ruling: null,
    pipeline: null,
    journalClosed: false,
    approvalRunId: null,
    onAbort: () => undefined,
  };
}
