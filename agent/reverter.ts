/** Drives a revert to its end: one attempt at a time, joined by whoever asks, and repeated for ever with growing pauses. */
import { durationText } from '../domain/format.ts';
import { type Journal, type RevertRecord, isOpen, reverting } from '../domain/journal.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import type { Say } from '../targets/target.ts';
import { Stopping, messageOf } from './agent-error.ts';
import { type RevertAnswer, type RevertParts, attemptRevert } from './revert-attempt.ts';

export interface Reverter {
  /** Joins the attempt that runs, or starts one now. */
  attempt(say?: Say): Promise<RevertAnswer>;
  /** The agent's own decision; it goes on by itself from here. */
  begin(changeId: string, revert: RevertRecord): Promise<void>;
  /** Starts an attempt unless one runs or the pause after the last one is not over. */
  keepGoing(): void;
  /** The next `keepGoing` does not wait. */
  wake(): void;
  /** Of the last attempt that did not complete. */
  remaining(): readonly Problem[];
  idle(): Promise<void>;
}

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Whoever watches the log is told again of what nobody has mended. */
const sayAgainMs = 300_000;

export function createReverter(parts: RevertParts, completed: (answer: RevertAnswer) => void): Reverter {
  const { state, log, clock } = parts;
  const listeners = new Set<Say>();
  let running: Promise<RevertAnswer> | null = null;
  let pauseMs = firstPauseMs;
  let notBefore = 0;
  let remaining: readonly Problem[] = [];
  let incompleteSince: number | null = null;
  let saidAt = 0;
  let about = '';

  const say: Say = (line) => {
    log.info(line);
    for (const listener of listeners) listener(line);
  };

  /** What an earlier revert was kept from is not this one's. */
  function forget(): void {
    remaining = [];
    incompleteSince = null;
    saidAt = notBefore = 0;
    pauseMs = firstPauseMs;
  }

  async function run(): Promise<RevertAnswer> {
    const changeId = state.journal.read()?.changeId ?? '';
    if (changeId !== about) forget();
    about = changeId;
    const answer = await attemptRevert(parts, say);
    if (answer.kind === 'incomplete') {
      const now = clock.now().monotonicMs;
      incompleteSince ??= now;
      const isNews = answer.remaining[0]?.message !== remaining[0]?.message;
      if (isNews || now - saidAt >= sayAgainMs) {
        const since = now > incompleteSince ? ` for ${durationText(now - incompleteSince)}` : '';
        for (const problem of answer.remaining) log.warn(`revert incomplete${since}: ${inWords(problem)}`);
        saidAt = now;
      }
      remaining = answer.remaining;
      notBefore = now + pauseMs;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    } else {
      forget();
      log.info(`change is ${answer.kind === 'closed' ? answer.phase : 'reverted, proven'}, by ${answer.by}`);
      completed(answer);
    }
    return answer;
  }

  function attempt(listener?: Say): Promise<RevertAnswer> {
    running ??= run().finally(() => (running = null));
    if (listener === undefined) return running;
    listeners.add(listener);
    return running.finally(() => listeners.delete(listener));
  }

  function goOn(): void {
    attempt().catch((error: unknown) => {
      notBefore = clock.now().monotonicMs + pauseMs;
      if (error instanceof Stopping) log.info(error.message);
      else log.warn(`revert failed: ${messageOf(error)}`);
    });
  }

  return {
    attempt,
    async begin(changeId, revert) {
      const begun = await state.journal.exclusive(async (found: Journal | null, write) => {
        if (!isOpen(found) || found.changeId !== changeId || found.phase === 'reverting') return false;
        await write(reverting(found, revert));
        return true;
      });
      if (!begun) return;
      log.warn(`reverting change ${changeId}: ${revert.by}`);
      goOn();
    },
    keepGoing() {
      if (running === null && clock.now().monotonicMs >= notBefore) goOn();
    },
    wake() {
      notBefore = 0;
    },
    remaining: () => remaining,
    async idle() {
      await running?.catch(() => undefined);
    },
  };
}
