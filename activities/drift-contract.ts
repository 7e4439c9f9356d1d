/** What the workflows around drift ask of the orchestrator; what they ask of the agent is in `domain/agent-steps.ts`. */
import type { Asked } from '../domain/access/impact.ts';
import type { Refused } from '../domain/agent-steps.ts';
import type { Approver } from '../domain/approvers.ts';
import type { Policy } from '../domain/change.ts';
import type { CheckSpec } from '../domain/check.ts';
import type { DriftQuestion } from '../domain/drift/drift.ts';
import type { RememberedDrift, Telling } from '../domain/drift/telling.ts';
import type { Approval } from '../domain/view.ts';

/** What a look at a target is compared with, by knowngood.yaml and the store. */
export interface DriftTerms {
  readonly kind: 'terms';
  /** null: there is no known-good yet. */
  readonly question: DriftQuestion | null;
  /** Unix ms; null without known-good. */
  readonly knownGoodAt: number | null;
  /** The drift that is there, as far as it is known; null: none. */
  readonly remembered: RememberedDrift | null;
  /** Unix ms of the last look that saw no drift. */
  readonly cleanAt: number | null;
  readonly access: readonly Asked[];
  readonly checks: readonly CheckSpec[];
  readonly policy: Policy;
  /** Who may approve an acceptance; absent: anybody. */
  readonly approvers?: readonly Approver[];
}

export interface DriftActivities {
  driftTerms(input: { target: string }): Promise<DriftTerms | Refused>;
  /** Remembers what a look saw, and says what people are to be told of it; null: nothing. */
  driftSeen(input: {
    target: string;
    /** null: no drift. */
    seen: {
      readonly fingerprint: string;
      readonly knownGoodId: string;
      readonly snapshotId: string;
      /** Keys of what drifts. */
      readonly items: readonly string[];
    } | null;
    at: number;
    knownGoodAt: number | null;
  }): Promise<{
    readonly remembered: RememberedDrift | null;
    readonly telling: Telling | null;
    /** Of a drift that is gone because known-good has moved: how, in words. */
    readonly acceptedBy: string | null;
    /** Looks failed before this one, and people heard of that then, Unix ms; null: there is nothing to add. */
    readonly toldOfFailing: number | null;
  }>;
  /** Nobody could look, `at` Unix ms: says whether people are to be told, and since when it is so; null: not now. */
  driftMissed(input: { target: string; at: number }): Promise<{ readonly since: number } | null>;
  /** People have heard, `at` Unix ms, that looks fail; null: that they do not any more. */
  driftLooksTold(input: { target: string; at: number | null }): Promise<void>;
  /** They have been told: when, which notices call people until somebody acknowledges, and of which dependents they spoke. */
  driftTold(input: {
    remembered: RememberedDrift;
    at: number;
    ringing: readonly string[];
    dependents: readonly string[];
  }): Promise<void>;
  /** Makes a stored snapshot the known-good one in the place of `instead`, with who wanted and who approved it. */
  acceptSnapshot(input: {
    target: string;
    acceptId: string;
    snapshotId: string;
    requestedBy: string;
    reason: string;
    approvals: readonly Approval[];
    /** Id of what is known-good; null: nothing is. */
    instead: string | null;
  }): Promise<'accepted' | 'moved' | 'taken'>;
}
