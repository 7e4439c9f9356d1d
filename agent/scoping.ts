/**
 * A revert of some items only, of a change that stays in force: the way back to S as a change of its own, under the same
 * fence. Whatever fails in here is followed by the whole revert, to which half of this is no obstacle.
 */
import type { AgentActivities, Caller, PartlyReverted } from '../domain/agent-steps.ts';
import { type Journal, mayWrite, partlyReverted } from '../domain/journal.ts';
import type { Problem } from '../domain/problem.ts';
import type { Fence, Say } from '../targets/target.ts';
import { Fenced, problemsOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { refused } from './answers.ts';
import { type NotYours, checkCaller, enter } from './caller.ts';
import { neverReopened } from './held-back.ts';

type Input = Parameters<AgentActivities['revertItems']>[0];
export type ScopedAnswer = Awaited<ReturnType<AgentActivities['revertItems']>>;

export interface Scoping {
  revertItems(input: Input, say?: Say): Promise<ScopedAnswer>;
}

const writerWaitMs = 10_000;

export function createScoping(parts: AgentParts): Scoping {
  const { state, target, config } = parts;

  const entered = (caller: Caller): Promise<{ readonly kind: 'open'; readonly journal: Journal } | NotYours> =>
    state.journal.exclusive((found, write) => enter(parts, caller, found, write));

  async function takeBack(journal: Journal, only: readonly string[], say: Say): Promise<ScopedAnswer> {
    const fence: Fence = () => {
      if (!mayWrite(state.journal.read(), journal)) throw new Fenced();
    };
    const { baseline, change } = journal.refs;
    if (change === null) return refused([notApplied(journal)]);
    const [before, applied, live] = await Promise.all([
      state.bodies.captured(baseline),
      state.bodies.captured(change),
      target.capture(),
    ]);
    // Somebody else's lines survive by the merge of the whole revert, which knows what the change had written.
    const edited = target.drift(applied, live).filter((key) => only.includes(key));
    if (edited.length > 0) return refused([editedSince(edited)]);
    const restore = { snapshot: journal.snapshotId, only, restart: 'forbidden' } as const;
    // What S held is nobody's wish from afar.
    const planned = await target.planRestore(live, before, restore, {
      allowance: { ...config.allow, sql: true },
      neverReopen: neverReopened(config, journal.policy.neverReopen),
    });
    if (planned.kind === 'refused') return refused(planned.problems);
    const { acceptingAt } = await target.apply(planned.plan, fence, say);
    const captured = await target.capture();
    if (captured.snapshot === null) return refused([silent]);
    const { ref } = await state.bodies.putCaptured(captured);
    await parts.spool.add({ ref, changeId: journal.changeId, knownGood: false });
    const snapshotId = captured.snapshot.id;
    await state.journal.exclusive(async (found, write) => {
      if (found === null || !mayWrite(found, journal)) throw new Fenced();
      await write(partlyReverted(found, ref, { snapshotId, acceptingAt, items: only }));
    });
    void parts.spool.flush();
    const answer: PartlyReverted = { kind: 'partly', snapshotId, acceptingAt, items: planned.plan.summary.items };
    return answer;
  }

  return {
    async revertItems(input, say = () => undefined) {
      checkCaller(parts, input);
      const at = await entered(input);
      if (at.kind !== 'open') return at;
      if (at.journal.phase !== 'applied') return refused([notApplied(at.journal)]);
      const lock = await state.locks.take('writer.lock', writerWaitMs);
      if (lock.kind === 'taken') return refused([busy(lock.by.pid)]);
      try {
        return await takeBack(at.journal, input.only, say);
      } catch (error) {
        if (!(error instanceof Fenced)) return refused(problemsOf(error, 'scoped-revert-failed'));
        const now = await entered(input);
        return now.kind === 'open' ? refused([fenced]) : now;
      } finally {
        lock.release();
      }
    },
  };
}

const silent: Problem = { code: 'sql-silent', message: 'the server does not answer after the items were put back' };
const fenced: Problem = { code: 'fenced', message: 'the step was fenced' };

function editedSince(keys: readonly string[]): Problem {
  return { code: 'edited-since', message: `somebody else has edited it since: ${keys.join(', ')}` };
}

function notApplied({ changeId, phase }: Journal): Problem {
  return { code: 'not-applied', message: `change ${changeId} is ${phase}: there are no items of it to take back` };
}

function busy(pid: number): Problem {
  return { code: 'writer-busy', message: `process ${pid} is writing to this target` };
}
