/** Samples on their way to the store, in batches; a store that is away never holds the watching up. */
import type { Sample } from '../domain/check.ts';

export type RecordSamples = (target: string, changeId: string, samples: readonly Sample[]) => Promise<void>;

/** A soak of hours with a dead store must not eat the probe's memory: the oldest go first, and it is said. */
const mostKept = 50_000;
const batch = 500;
const everyMs = 2_000;

export interface SampleSpool {
  add(sample: Sample): void;
  /** Waits for what is left to be sent, for at most `withinMs`; the rest goes on being tried in the background. */
  close(withinMs: number): Promise<void>;
}

export function openSampleSpool(
  { target, changeId }: { readonly target: string; readonly changeId: string },
  record: RecordSamples,
  warn: (line: string) => void = (line) => console.error(line),
): SampleSpool {
  let waiting: Sample[] = [];
  let dropped = 0;
  let closed = false;
  /** One at a time, and none queues up behind a store that does not answer. */
  let sending: Promise<void> | null = null;

  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const sent = waiting.slice(0, batch);
      try {
        await record(target, changeId, sent);
      } catch {
        return;
      }
      // Dropped ones went from the front meanwhile.
      const done = new Set(sent);
      waiting = waiting.filter((sample) => !done.has(sample));
    }
    if (closed) clearInterval(timer);
  };
  const send = (): Promise<void> => (sending ??= sendAll().finally(() => (sending = null)));
  const timer = setInterval(() => void send(), everyMs);
  timer.unref();
  return {
    add(sample) {
      waiting.push(sample);
      if (waiting.length <= mostKept) return;
      waiting.shift();
      if (dropped++ === 0) warn(`samples of ${target}:${changeId} are dropped: the store has been away for too long`);
    },
    async close(withinMs) {
      closed = true;
      let timeout: NodeJS.Timeout | undefined;
      await Promise.race([send(), new Promise((resolve) => (timeout = setTimeout(resolve, withinMs)))]);
      clearTimeout(timeout);
    },
  };
}
