/** When people are told of a drift: once, again when it is another one, once a day while it stays, and when it is gone. Pure. */

import type { Seen } from './since.ts';

/** A drift as the store remembers it. Times are Unix ms. */
export interface RememberedDrift extends Seen {
  readonly id: string;
  readonly target: string;
  readonly fingerprint: string;
  readonly knownGoodId: string;
  readonly snapshotId: string;
  readonly lastSeen: number;
  /** null: not yet. */
  readonly toldAt: number | null;
  readonly tellings: number;
  /** It took the place of one that people were told of. */
  readonly followsTold: boolean;
  /** Keys of notices, of this drift or of one whose place it took, that may still call people. */
  readonly ringing: readonly string[];
  /** Dependents that people were told of since there was none. */
  readonly toldOf: readonly string[];
  /** null: it is there. */
  readonly goneAt: number | null;
  readonly goneToldAt: number | null;
}

export type Telling = 'new' | 'changed' | 'still' | 'gone';

const stillEveryMs = 24 * 3_600_000;

/** null: people know. */
export function tellingOf(drift: RememberedDrift, now: number): Telling | null {
  if (drift.goneAt !== null)
    return (drift.tellings > 0 || drift.followsTold) && drift.goneToldAt === null ? 'gone' : null;
  if (drift.toldAt === null) return drift.followsTold ? 'changed' : 'new';
  return now - drift.toldAt >= stillEveryMs ? 'still' : null;
}
