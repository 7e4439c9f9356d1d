/** Keeps the lifeline alive while a change is open, and says when a way back is lost or there again. */
import type { Journal } from '../domain/journal.ts';
import { type WayBack, waysInWords } from '../domain/ways-back.ts';
import type { Captured } from '../targets/target.ts';
import type { AgentParts } from './agent-parts.ts';

const lookEveryMs = 5_000;
/** A server that restarts takes it with it: there soon again, for what comes next. */
const lookAgainMs = 1_000;

type Parts = Pick<AgentParts, 'state' | 'target' | 'clock' | 'log'>;

export function createKeepWays({ state, target, clock, log }: Parts): (open: Journal | null) => Promise<void> {
  let kept: ({ readonly changeId: string } & Pick<Captured, 'facts' | 'files'>) | null = null;
  let lastLook = -Infinity;
  let ways: readonly WayBack[] | null = null;
  let idle = false;

  return async (open) => {
    if (open === null) {
      // Not at the first look: `arm` opens it just before it writes the journal.
      if (idle) target.letGo();
      idle = true;
      kept = ways = null;
      return;
    }
    idle = false;
    const now = clock.now().monotonicMs;
    if (now - lastLook < (ways?.every((way) => way.open) ? lookEveryMs : lookAgainMs)) return;
    lastLook = now;
    if (kept?.changeId !== open.changeId) {
      const { facts, files } = await state.bodies.captured(open.refs.baseline);
      kept = { changeId: open.changeId, facts, files };
    }
    const seen = await target.waysBack(kept);
    if (openWays(seen) !== openWays(ways ?? open.waysBack ?? [])) log.warn(`ways back now: ${waysInWords(seen)}`);
    ways = seen;
  };
}

function openWays(ways: readonly WayBack[]): string {
  return ways
    .filter(({ open }) => open)
    .map(({ way }) => way)
    .join();
}
