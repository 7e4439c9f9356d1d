/** Steps after the first write that are not the revert: move the deadline, keep the change, or hand it to a person. */
import type { AgentActivities, Closed } from '../domain/agent-steps.ts';
import { type Journal, closedAs, mayWrite } from '../domain/journal.ts';
import { moveProgress, recordOf } from '../domain/lease.ts';
import type { ReasonCode } from '../domain/result.ts';
import { AgentError } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { closedAnswer, staleAnswer } from './answers.ts';
import { type Write, checkCaller, enter, gateFor } from './caller.ts';
import { heardFrom } from './lease-keeper.ts';
import { sqlSilent } from './preparing.ts';

export function createEnding(parts: AgentParts): Pick<AgentActivities, 'deadline' | 'confirm' | 'abandon'> {
  const { state, target, leases, clock, log } = parts;
  return {
    async deadline(input) {
      checkCaller(parts, input);
      return state.journal.exclusive(async (found, write) => {
        const at = await enter(parts, input, found, write);
        if (at.kind !== 'open') return at;
        const moved = moveProgress(heardFrom(leases, at.journal, clock), input, clock.now().monotonicMs);
        if (moved === null) return { kind: 'unmoved' };
        const journal = { ...at.journal, lease: recordOf(moved, clock.now()) };
        await write(journal);
        leases.keep(journal, moved);
        return { kind: 'moved' };
      });
    },

    async confirm(input) {
      checkCaller(parts, input);
      const at = await state.journal.exclusive((found, write) => enter(parts, input, found, write));
      if (at.kind !== 'open') return at.kind === 'closed' && at.phase === 'confirmed' ? confirmedAgain(at) : at;
      const { journal } = at;
      if (journal.phase !== 'applied' || journal.refs.change === null) return staleAnswer(journal);
      const live = await target.capture();
      const { snapshot } = live;
      if (snapshot === null) throw new AgentError('TargetUnreachable', sqlSilent(input.target));
      const drift = target.drift(await state.bodies.captured(journal.refs.change), live);
      if (drift.length > 0 && !input.acceptDrift) return { kind: 'drifted', items: drift.slice(0, mostItems) };
      const { ref } = await state.bodies.putCaptured(live);
      // Known-good is what would start again; a change may be kept without being that.
      const knownGood = live.dirty.length === 0;
      if (!knownGood)
        log.warn(`change ${input.changeId} is kept, but not as known-good: ${live.dirty[0]?.message ?? ''}`);
      await parts.spool.add({ ref, changeId: input.changeId, knownGood });
      const answer = await state.journal.exclusive(async (now, write) => {
        const still = await enter(parts, input, now, write);
        if (still.kind !== 'open') return still;
        if (!mayWrite(now, journal)) return staleAnswer(still.journal);
        const closed = await close(still.journal, write, 'confirmed', {
          by: 'workflow',
          reason: journal.applied?.takenBack === undefined ? 'soak-healthy' : 'kept-in-part',
          snapshotId: snapshot.id,
          note: null,
        });
        return { kind: 'confirmed', snapshotId: snapshot.id, at: closed.at } as const;
      });
      void parts.spool.flush();
      return answer;
    },

    async abandon(input) {
      checkCaller(parts, input);
      return state.journal.exclusive(async (found, write) => {
        const at = gateFor(parts, found, input);
        if (at.kind === 'closed') return closedAnswer(at.closed);
        if (at.kind === 'stale') return staleAnswer(at.journal);
        const how = { by: input.who, reason: 'abandoned-by-operator', snapshotId: null, note: input.why } as const;
        // Unknown here: nothing is written, and a late `arm` finds it closed.
        if (at.kind !== 'open') return close(input, null, 'abandoned', how);
        if (at.journal.phase !== 'reverting') return staleAnswer(at.journal);
        log.warn(`change ${input.changeId} is abandoned by ${input.who}: ${input.why}`);
        return close(at.journal, write, 'abandoned', how);
      });
    },
  };

  /** The record of the end first: whoever finds it with an open journal knows that the change is over. */
  async function close(
    change: Journal | { readonly changeId: string },
    write: Write | null,
    phase: 'confirmed' | 'abandoned',
    how: {
      readonly by: string;
      readonly reason: ReasonCode;
      readonly snapshotId: string | null;
      readonly note: string | null;
    },
  ): Promise<Closed> {
    const end = { changeId: change.changeId, phase, ...how, at: clock.now().wallMs };
    await state.closed.write({ ...end, details: null });
    if (write !== null && 'phase' in change) await write(closedAs(change, phase));
    return closedAnswer(end);
  }
}

/** A payload is small. */
const mostItems = 50;

/** The first answer was lost on its way. */
function confirmedAgain({ snapshotId, at }: Closed): { kind: 'confirmed'; snapshotId: string; at: number } {
  return { kind: 'confirmed', snapshotId: snapshotId ?? '', at };
}
