/** What Knowngood remembers outside Temporal and the agent's journal. Bodies are ciphertext; nothing here is a secret. */
import type { ObservedPrincipal } from '../domain/access/observed.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import type { Sample } from '../domain/check.ts';
import type { Outcome } from '../domain/phase.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { DriftStore } from './drift-store.ts';
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
  /** Idempotent by (target, changeId). */
  openChange(change: AdmittedChange, workflowId: string): Promise<void>;
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
  close(): Promise<void>;
}
