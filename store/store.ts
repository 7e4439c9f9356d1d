/** What Knowngood remembers outside Temporal and the agent's journal. Bodies are ciphertext; nothing here is a secret. */
import type { ObservedPrincipal } from '../domain/access/observed.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import type { Sample } from '../domain/check.ts';
import type { Outcome } from '../domain/phase.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { Cutoffs } from '../domain/keep.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { DriftStore } from './drift-store.ts';
import type { Removed } from './retention.ts';
import type { RolloutStore } from './rollout-store.ts';

export interface SnapshotRow {
  readonly id: string;
  readonly target: string;
  readonly takenAt: Date;
  readonly changeId: string | null;
  /** When it became known-good; null: it never did. */
  readonly knownGoodAt: Date | null;
  readonly version: string;
}

/** A change without an outcome. */
export interface OpenChange {
  readonly change: AdmittedChange;
  readonly workflowId: string;
  readonly startedAt: Date;
}

export interface ChangeRow {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly startedAt: Date;
  /** null while open. */
  readonly outcome: Outcome | null;
  readonly result: ChangeResult | null;
  readonly closedAt: Date | null;
}

/** One target at a glance. Times are Unix ms; null: there is none. */
export interface TargetOverview {
  readonly target: string;
  /** When the newest snapshot was seen. */
  readonly snapshotAt: number | null;
  readonly knownGoodAt: number | null;
  /** Changes without an outcome. */
  readonly open: number;
  readonly oldestOpenAt: number | null;
  /** null: it does not drift, as far as the last look saw. */
  readonly driftSince: number | null;
  /** The last look for drift that could be made. */
  readonly lookedAt: number | null;
}

/** The faces of one report; `html` is self-contained. */
export interface StoredReport {
  readonly id: string;
  readonly html: string;
  readonly markdown: string;
  readonly json: unknown;
  /** Signed: the text of an envelope; null: there was no key to sign with. */
  readonly evidence: string | null;
}

export interface Store extends DriftStore, RolloutStore {
  /** Idempotent by id: the same snapshot again only adds that it was seen. */
  putSnapshot(target: string, snapshot: Snapshot, sealed: Buffer, changeId: string | null): Promise<void>;
  /** By whole id or a unique prefix of at least 6 characters. */
  snapshot(target: string | null, id: string): Promise<Snapshot | null>;
  sealedBody(id: string): Promise<Buffer | null>;
  /** Ids of snapshots whose body begins so (an agent's key shows there), sorted, from the one after `after` on. */
  sealedBeginningWith(prefix: Buffer, after: string, limit: number): Promise<readonly string[]>;
  /** The same body sealed with another key; false: it is not `from` any more. */
  replaceSealed(id: string, from: Buffer, to: Buffer): Promise<boolean>;
  snapshots(target: string, limit: number): Promise<readonly SnapshotRow[]>;
  markKnownGood(target: string, id: string, changeId: string | null): Promise<void>;
  knownGood(target: string): Promise<SnapshotRow | null>;
  /** Idempotent by (target, changeId). `needs`: ids of snapshots that it goes back to. */
  openChange(change: AdmittedChange, workflowId: string, needs?: readonly string[]): Promise<void>;
  closeChange(target: string, changeId: string, result: ChangeResult): Promise<void>;
  openChanges(): Promise<readonly OpenChange[]>;
  changes(target: string | null, limit: number): Promise<readonly ChangeRow[]>;
  change(target: string, changeId: string): Promise<ChangeRow | null>;
  /** Idempotent by (target, changeId, check, at). */
  addSamples(target: string, changeId: string, samples: readonly Sample[]): Promise<void>;
  samples(target: string, changeId: string): Promise<readonly Sample[]>;
  /** Adds to what is known: the earliest and the latest time, the sum of the connections. No principal twice in one call. */
  addObserved(target: string, principals: readonly ObservedPrincipal[]): Promise<void>;
  /** Sorted by user, database and address; the newest 10,000. */
  observed(target: string): Promise<readonly ObservedPrincipal[]>;
  putReport(target: string, changeId: string, report: StoredReport): Promise<void>;
  report(target: string, changeId: string): Promise<StoredReport | null>;
  /** Every target that the store has heard of, by name. */
  overview(): Promise<readonly TargetOverview[]>;
  /** One short round; all is gone that may be once it answers with nothing. */
  prune(cutoffs: Cutoffs): Promise<Removed>;
  /** What rounds of it would remove in all. */
  prunable(cutoffs: Cutoffs): Promise<Removed>;
  close(): Promise<void>;
}
