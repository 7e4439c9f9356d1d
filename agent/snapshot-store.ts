/** What the agent needs of the store; bodies are ciphertext. Errors may carry `problem` and `retryable`. */
import type { ObservedPrincipal } from '../domain/access/observed.ts';
import type { Snapshot } from '../domain/snapshot.ts';

export interface SnapshotStore {
  /** Idempotent by id. */
  putSnapshot(target: string, snapshot: Snapshot, sealed: Buffer, changeId: string | null): Promise<void>;
  /** null: unknown. */
  sealedBody(id: string): Promise<Buffer | null>;
  markKnownGood(target: string, id: string, changeId: string | null): Promise<void>;
}

/** What the agent as a whole needs of it. */
export interface AgentStore extends SnapshotStore {
  /** Adds to what is known: the earliest and the latest time, the sum of the connections. */
  addObserved(target: string, principals: readonly ObservedPrincipal[]): Promise<void>;
  observed(target: string): Promise<readonly ObservedPrincipal[]>;
}

/** What a rotation of the agent's key needs of it. */
export interface ResealStore extends Pick<SnapshotStore, 'sealedBody'> {
  /** Ids of snapshots whose body begins so, sorted, from the one after `after` on. */
  sealedBeginningWith(prefix: Buffer, after: string, limit: number): Promise<readonly string[]>;
  /** False: the body is not `from` any more. */
  replaceSealed(id: string, from: Buffer, to: Buffer): Promise<boolean>;
}
