/** Has the store forget what nobody needs any more: once an hour, in short rounds, however many workers do it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../agent/agent-error.ts';
import type { KeepConfig } from '../domain/config.ts';
import { cutoffsOf } from '../domain/keep.ts';
import type { Store } from '../store/store.ts';

const everyMs = 3_600_000;

/** Not in the rush of a start. */
const firstAfterMs = 300_000;

/** Between two rounds, so that it is never what the store is busy with. */
const pauseMs = 200;

export function keepTidy(parts: {
  readonly store: Pick<Store, 'prune'>;
  readonly keep: () => Promise<KeepConfig>;
  readonly warn: (line: string) => void;
  readonly firstAfterMs?: number;
}): { stop(): Promise<void> } {
  const ending = new AbortController();
  const { signal } = ending;
  const running = (async () => {
    await sleep(parts.firstAfterMs ?? firstAfterMs, undefined, { signal });
    for (;;) {
      await tidy(parts, signal).catch((error: unknown) => {
        if (!signal.aborted) parts.warn(`what the store need not keep is still there: ${messageOf(error)}`);
      });
      await sleep(everyMs, undefined, { signal });
    }
  })().catch(() => undefined);
  return {
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** Until nothing is left to remove. */
async function tidy({ store, keep }: Parameters<typeof keepTidy>[0], signal: AbortSignal): Promise<void> {
  const cutoffs = cutoffsOf(await keep(), Date.now());
  for (;;) {
    const { snapshots, samples } = await store.prune(cutoffs);
    if (snapshots === 0 && samples === 0) return;
    await sleep(pauseMs, undefined, { signal });
  }
}
