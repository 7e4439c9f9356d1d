/** Targets as the store knows them, in figures: open changes, drift, the age of what is known-good. Read when they are asked for. */
import { Gauge, type Registry } from 'prom-client';
import type { Store, TargetOverview } from '../store/store.ts';

/** However many ask at the same time. */
const goodForMs = 5_000;

/** Answers what brings the figures up to date. A store that is away leaves none of a time gone by, and says so. */
export function targetFigures(
  store: Pick<Store, 'overview'>,
  registry: Registry,
  clock: () => number = Date.now,
): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: readonly string[] = ['target']): Gauge<string> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
  const up = gauge('knowngood_store_up', 'Whether the store answers.', []);
  const figures: readonly (readonly [Gauge<string>, (target: TargetOverview, now: number) => number | null])[] = [
    [gauge('knowngood_open_changes', 'Guarded changes without an outcome.'), ({ open }) => open],
    [
      gauge('knowngood_oldest_open_change_seconds', 'Age of the oldest guarded change without an outcome.'),
      ({ oldestOpenAt }, now) => since(oldestOpenAt, now),
    ],
    [
      gauge('knowngood_known_good_age_seconds', 'Since when the snapshot that is known-good is.'),
      ({ knownGoodAt }, now) => since(knownGoodAt, now),
    ],
    [
      gauge('knowngood_drifting', 'Whether the configuration was not the known-good one when it was last looked at.'),
      ({ knownGoodAt, driftSince }) => (knownGoodAt === null ? null : Number(driftSince !== null)),
    ],
    [gauge('knowngood_drift_age_seconds', 'Since when it drifts.'), ({ driftSince }, now) => since(driftSince, now)],
    [
      gauge('knowngood_drift_look_age_seconds', 'Since the last look for drift that could be made.'),
      ({ lookedAt }, now) => since(lookedAt, now),
    ],
    [
      gauge('knowngood_snapshot_age_seconds', 'Since the newest snapshot in the store was seen.'),
      ({ snapshotAt }, now) => since(snapshotAt, now),
    ],
  ];
  let freshUntil = 0;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const overview = await store.overview().catch(() => null);
    const now = clock();
    up.set(overview === null ? 0 : 1);
    for (const [figure, valueOf] of figures) {
      figure.reset();
      for (const one of overview ?? []) {
        const value = valueOf(one, now);
        if (value !== null) figure.set({ target: one.target }, value);
      }
    }
    freshUntil = now + goodForMs;
  }

  return async () => {
    if (clock() < freshUntil) return;
    await (reading ??= read().finally(() => (reading = null)));
  };
}

function since(at: number | null, now: number): number | null {
  return at === null ? null : Math.max(0, (now - at) / 1_000);
}
