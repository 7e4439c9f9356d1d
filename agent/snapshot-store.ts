/** What the agent needs of the store; bodies are ciphertext. Errors may carry `problem` and `retryable`. */
import type { Observed } from '../domain/access/observed.ts';
import type { Snapshot } from '../domain/snapshot.ts';

export interface SnapshotStore {
  /** Idempotent by id. */
  putSnapshot(target: string, snapshot: Snapshot, sealed: Buffer, changeId: string | null): Promise<void>;
  /** null: unknown. */
  sealedBody(id: string): Promise<Buffer | null>;
  markKnownGood(target: string, id: string, changeId: string | null): Promise<void>;
  /** Adds to what is known of each principal. */
  addObserved(target: string, observed: readonly Observed[]): Promise<void>;
  observed(target: string): Promise<readonly Observed[]>;
}

/** What a rotation of the agent's key needs of it. */
export interface ResealStore extends Pick<SnapshotStore, 'sealedBody'> {
  /** Ids of snapshots whose body begins so, sorted, from the one after `after` on. */
  sealedBeginningWith(prefix: Buffer, after: string, limit: number): Promise<readonly string[]>;
  /** False: the body is not `from` any more. */
  replaceSealed(id: string, from: Buffer, to: Buffer): Promise<boolean>;
}
