/** Each check on its own beat: no overlap, no drift, a long measurement delays the next one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckSpec, Sample } from '../domain/check.ts';

export interface Beat {
  readonly check: CheckSpec;
  measure(check: CheckSpec): Promise<Sample>;
  /** Milliseconds from the beginning of this measurement to that of the next; null: this check is done. */
  next(sample: Sample): number | null;
  readonly signal: AbortSignal;
  /** Before the first measurement. Default 0: at once. */
  readonly afterMs?: number;
}

/** Resolves when the check is done or the signal aborts; a measurement that runs then is not waited for. */
export async function beat({ check, measure, next, signal, afterMs = 0 }: Beat): Promise<void> {
  let dueAt = performance.now() + afterMs;
  for (;;) {
    await sleep(Math.max(0, dueAt - performance.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const sample = await unlessAborted(measure(check), signal);
    if (sample === null) return;
    const pauseMs = next(sample);
    if (pauseMs === null) return;
    // From when it was due, not from when the timer came: a soak of many beats must not lose some to delays.
    dueAt = Math.max(dueAt + pauseMs, performance.now());
  }
}

/** Many checks of one interval would all open their connections in the same millisecond, for the whole soak. */
export function spread(index: number, checks: readonly CheckSpec[]): number {
  const shortest = Math.min(...checks.map(({ intervalMs }) => intervalMs));
  return index * Math.min(apartMs, shortest / checks.length);
}

/** About as long as a new connection takes. */
const apartMs = 10;

/** null: aborted. Not a race: each would hang on the signal's promise until the end of the soak. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(null);
    signal.addEventListener('abort', stop, { once: true });
    const forget = (): void => signal.removeEventListener('abort', stop);
    work.then(resolve, reject).then(forget, forget);
  });
}
