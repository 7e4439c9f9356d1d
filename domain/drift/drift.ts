/** Drift: what of a target is not as in its known-good snapshot, although no guarded change made it so. */
import type { AccessImpact } from '../access/impact.ts';
import type { Busy, Refused } from '../agent-steps.ts';
import type { Problem } from '../problem.ts';
import type { DiffItem } from '../snapshot/diff-item.ts';
import type { FileRole } from '../snapshot.ts';
import type { Force } from './force.ts';

export interface DriftItem extends DiffItem {
  readonly force: Force;
  /** Unix ms of the file's last change by the kernel's clock; absent: nobody keeps such a time. */
  readonly changedAt?: number;
  /** Of a file: what it is for; absent: an older agent has not said. */
  readonly role?: FileRole;
}

/** Sessions that are open now. */
export interface Connected {
  readonly user: string;
  readonly database: string;
  /** As the server prints it; null: over the socket. */
  readonly address: string | null;
  readonly sessions: number;
  /** Names of the dependents that declare it. */
  readonly dependents: readonly string[];
}

/** A change that was reverted, and whose work is there again. */
export interface Reappeared {
  readonly changeId: string;
  /** Unix ms when it was closed. */
  readonly revertedAt: number;
  /** Keys of items that are as it had left them. */
  readonly items: readonly string[];
}

/** Of a look: the configuration is the known-good one, as far as it is no business of its applications. */
export interface NoDrift {
  readonly kind: 'clean';
  readonly snapshotId: string;
  /** Unix ms by the agent's clock. */
  readonly at: number;
  /** Objects that came or went: the work of migrations, not of configuration. */
  readonly schemaItems: number;
}

/** Small enough for workflow history, secrets redacted. */
export interface Drift {
  readonly kind: 'drifted';
  readonly snapshotId: string;
  readonly knownGoodId: string;
  /** The same for the same drift, whatever else the snapshot holds. */
  readonly fingerprint: string;
  /** Unix ms by the agent's clock. */
  readonly at: number;
  readonly items: readonly DriftItem[];
  readonly moreItems: number;
  readonly schemaItems: number;
  /** Unified diff of the files, shortened. */
  readonly diff: string;
  /** From the known-good world to the live one, once all that is on disk is loaded; null: it could not be told. */
  readonly access: AccessImpact | null;
  readonly connected: readonly Connected[];
  readonly moreConnected: number;
  /** Why the server is no known-good as it is: not loaded, waits for a restart, would not start again. */
  readonly dirty: readonly Problem[];
  readonly reappeared: readonly Reappeared[];
  /** Unix ms when the server last loaded its configuration. */
  readonly loadedAt: number;
}

export type DriftLook = NoDrift | Drift | Busy | Refused;

/** What the agent must know to look. */
export interface DriftQuestion {
  readonly knownGoodId: string;
  /** Keys that are no drift, with `*`. */
  readonly ignore: readonly string[];
  /** Changes that were reverted, newest first, with their C. */
  readonly reverted: readonly {
    readonly changeId: string;
    readonly snapshotId: string;
    readonly revertedAt: number;
  }[];
}

export const driftScheduleId = (target: string): string => `knowngood-drift:${target}`;

export const acceptIdOf = (target: string, id: string): string => `knowngood-accept:${target}:${id}`;
