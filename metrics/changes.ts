/** Guarded changes in figures: how many ended how, and how long it took to detect, decide, revert and verify. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Spans, spansOf, timesOf } from '../domain/report/moments.ts';
import type { ChangeResult } from '../domain/result.ts';
import type { Store } from '../store/store.ts';

/** Seconds: a verdict by a denied login takes one, a slow burn a soak. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

const spans: Readonly<Record<string, keyof Spans>> = {
  detect: 'detectMs',
  decide: 'decideMs',
  revert: 'revertMs',
  verify: 'verifyMs',
  recover: 'recoverMs',
  outage: 'outageMs',
};

/** The store, which is told of every end, counts it: once, however often it is told. */
export function countingChanges(store: Store, registry: Registry): Store {
  const closed = new Counter({
    name: 'knowngood_changes_total',
    help: 'Guarded changes that have ended, by their outcome.',
    labelNames: ['target', 'outcome', 'reason'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'knowngood_change_span_seconds',
    help: 'Of changes that a dependent suffered from: in force to first failure (detect), to the ruling (decide), to proven (revert), to asked again (verify), to passing again (recover), and from first failure to passing again (outage).',
    labelNames: ['span'],
    buckets,
    registers: [registry],
  });

  function count(target: string, result: ChangeResult): void {
    closed.inc({ target, outcome: result.outcome, reason: result.reason });
    const all = spansOf(timesOf(result));
    for (const [span, key] of Object.entries(spans)) {
      const ms = all[key];
      if (ms !== null) seconds.observe({ span }, ms / 1_000);
    }
  }

  return {
    ...store,
    async closeChange(target, changeId, result) {
      const before = await store.change(target, changeId);
      await store.closeChange(target, changeId, result);
      if ((before?.outcome ?? null) === null) count(target, result);
    },
  };
}
