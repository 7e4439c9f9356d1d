/** The workflow's revert: the journal turns at once, which fences every other write, and then the attempt is joined. */
import { type AgentActivities, type Closed, neverArmed, type Stale } from '../domain/agent-steps.ts';
import { reverting, ruled } from '../domain/journal.ts';
import type { Say } from '../targets/target.ts';
import type { AgentParts } from './agent-parts.ts';
import { closedAnswer, staleAnswer } from './answers.ts';
import { type Write, checkCaller, gateFor } from './caller.ts';
import type { RevertAnswer } from './revert-attempt.ts';

type RevertInput = Parameters<AgentActivities['revert']>[0];

export interface Reverting {
  revert(input: RevertInput, say?: Say): Promise<RevertAnswer | Stale>;
}

export function createReverting(parts: AgentParts): Reverting {
  const { state, clock, reverter } = parts;

  async function turn(
    input: RevertInput,
    found: Parameters<typeof gateFor>[1],
    write: Write,
  ): Promise<RevertAnswer | Stale | null> {
    const at = gateFor(parts, found, input);
    switch (at.kind) {
      case 'closed':
        // Asked again, because the first answer was lost: the same answer, proof and all.
        return state.closed.read(input.changeId)?.details ?? closedAnswer(at.closed);
      case 'stale':
        return staleAnswer(at.journal);
      case 'free':
      case 'busy':
        return tombstone(input);
      case 'open': {
        const { reason, pipelineUnfinished, ruling } = input;
        const turned = reverting(at.journal, { reason, by: 'workflow', at: clock.now().wallMs, pipelineUnfinished });
        const next = ruling === undefined ? turned : ruled(turned, ruling);
        if (next !== at.journal || at.takenOver) await write(next);
        return null;
      }
      default:
        return at satisfies never;
    }
  }

  /** Nothing was armed, so nothing was written; an `arm` that is still on its way finds the change closed. */
  async function tombstone({ changeId, reason }: RevertInput): Promise<Closed> {
    const at = clock.now().wallMs;
    const end = { changeId, phase: 'reverted', by: neverArmed, reason, snapshotId: null, at } as const;
    await state.closed.write({ ...end, note: null, details: null });
    return closedAnswer(end);
  }

  return {
    async revert(input, say) {
      checkCaller(parts, input);
      const known = await state.journal.exclusive((found, write) => turn(input, found, write));
      return known ?? reverter.attempt(say);
    },
  };
}
