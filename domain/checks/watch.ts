/** One watch: after each measurement, whether what was seen so far ends it. The caller measures, and passes the time. */
import type { CheckSpec, Verdict } from '../check.ts';
import type { Board } from './board.ts';
import { decideSoak, decideWhileWatching, hasGap } from './verdict.ts';

export interface WatchTerms {
  readonly settleUntil: number;
  /** Recorded, never deciding. */
  readonly ignore: readonly string[];
  /** Only `unhealthy` ends it early: people are asked already. */
  readonly holding: boolean;
  /** Proven healthy for so long ends it, ms. Absent: it has its own end. */
  readonly enoughAfterMs?: number;
}

/** Answers null as long as it goes on. `beganAt` and `now`: Unix ms. */
export function openWatch(
  checks: readonly CheckSpec[],
  board: Board,
  { settleUntil, ignore, holding, enoughAfterMs }: WatchTerms,
  beganAt: number,
): (now: number) => Verdict | null {
  let since = beganAt;
  const isProven = (now: number): boolean => {
    if (enoughAfterMs === undefined) return false;
    const soak = { startedAt: since, soakMs: now - since, settleUntil, now, ignore };
    if (soak.soakMs >= enoughAfterMs && decideSoak(checks, board.all(), soak).kind === 'healthy') return true;
    // A stretch that can prove nothing any more makes room for the next one.
    if (soak.soakMs >= 2 * enoughAfterMs || checks.some((check) => hasGap(check, board.of(check)))) {
      board.beginAnew();
      since = now;
    }
    return false;
  };
  return (now) => {
    const found = decideWhileWatching(checks, board.all(), ignore);
    if (found !== null && (found.kind === 'unhealthy' || !holding)) return found;
    return isProven(now) ? { kind: 'healthy' } : null;
  };
}
