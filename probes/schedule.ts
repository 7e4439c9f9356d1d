/** Each check on its own beat: no overlap, a long measurement delays the next, and the first one is taken at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckSpec, Sample } from '../domain/check.ts';

export interface Beat {
  readonly check: CheckSpec;
  measure(check: CheckSpec): Promise<Sample>;
  /** Milliseconds from the beginning of this measurement to that of the next; null: this check is done. */
  next(sample: Sample): number | null;
  readonly signal: AbortSignal;
}

/** Resolves when the check is done or the signal aborts; a measurement that runs then is not waited for. */
export async function beat({ check, measure, next, signal }: Beat): Promise<void> {
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  while (!signal.aborted) {
    const beganAt = performance.now();
    const sample = await Promise.race([measure(check), aborted]);
    if (sample === null) return;
    const pauseMs = next(sample);
    if (pauseMs === null) return;
    const leftMs = Math.max(0, pauseMs - (performance.now() - beganAt));
    await sleep(leftMs, undefined, { signal }).catch(() => undefined);
  }
}
