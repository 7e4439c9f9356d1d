/** What the agent needs of the store; bodies are ciphertext. Errors may carry `problem` and `retryable`. */
import type { Snapshot } from '../domain/snapshot.ts';

export interface SnapshotStore {
  /** Idempotent by id. */
  putSnapshot(target: string, snapshot: Snapshot, sealed: Buffer, changeId: string | null): Promise<void>;
  /** null: unknown. */
  sealedBody(id: string): Promise<Buffer | null>;
  markKnownGood(target: string, id: string, changeId: string | null): Promise<void>;
}
