/** Follows a running change: its timeline line by line, and on a terminal one live line below it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeHandle } from '../client/change-handle.ts';
import type { ChangeView } from '../domain/view.ts';
import type { Io } from './io.ts';
import { headline, timelineLine } from './render/view.ts';

export interface Follower {
  /** As last seen; null before the first answer. */
  view(): ChangeView | null;
  /** While a wrapped command writes to the same terminal, the live line would garble it. */
  quiet(quiet: boolean): void;
  stop(): Promise<void>;
}

const pollMs = 1_000;
const saidAfterMs = 5_000;

export function follow(change: ChangeHandle, io: Io, onView: (view: ChangeView) => void = () => undefined): Follower {
  const stopping = new AbortController();
  const screen = liveLine(io);
  let latest: ChangeView | null = null;
  let shown = 0;
  let awaySince: number | null = null;
  let isSaid = false;
  const look = async (): Promise<void> => {
    const asked = performance.now();
    const answer = await change.view().catch(() => null);
    if (answer?.kind !== 'view') {
      awaySince ??= asked;
      // A worker that restarts is away for a moment; only what lasts is worth a word, and one is enough.
      if (!isSaid && performance.now() - awaySince > saidAfterMs) {
        isSaid = true;
        screen.above(
          'no answer from Temporal or its worker; an armed change reverts by itself when its lease runs out',
        );
      }
      return;
    }
    awaySince = null;
    isSaid = false;
    latest = answer.view;
    for (const entry of latest.timeline.slice(shown)) screen.above(timelineLine(entry));
    shown = Math.max(shown, latest.timeline.length);
    onView(latest);
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      if (latest !== null && !stopping.signal.aborted) screen.below(headline(latest, Date.now()));
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    view: () => latest,
    quiet: screen.quiet,
    stop: async () => {
      if (stopping.signal.aborted) return;
      stopping.abort();
      screen.clear();
      // Who is away is not waited for.
      if (awaySince !== null) return;
      await loop;
      // The last words come with the end.
      await look();
      screen.clear();
    },
  };
}

function liveLine(io: Io) {
  let below = '';
  let isQuiet = false;
  const erase = (): void => {
    if (below !== '') process.stderr.write('\r\u001b[2K');
    below = '';
  };
  return {
    above: (line: string): void => {
      erase();
      io.err(line);
    },
    below: (line: string): void => {
      if (!io.live || isQuiet) return;
      erase();
      below = line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
      process.stderr.write(io.colors.dim(below));
    },
    quiet: (quiet: boolean): void => {
      isQuiet = quiet;
      if (quiet) erase();
    },
    clear: erase,
  };
}
