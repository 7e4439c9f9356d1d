/** How long what nobody needs any more is kept. Pure. */
import type { KeepConfig } from './config.ts';

export interface Cutoffs {
  /** Unix ms: what was last needed before then may go; null: nothing of it does. */
  readonly snapshots: number | null;
  readonly samples: number | null;
}

/** `now`: Unix ms. */
export function cutoffsOf({ snapshotsMs, samplesMs }: KeepConfig, now: number): Cutoffs {
  const before = (ms: number | null): number | null => (ms === null ? null : now - ms);
  return { snapshots: before(snapshotsMs), samples: before(samplesMs) };
}
