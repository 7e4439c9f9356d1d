/** Apply: the plan is written, or the named command runs once; then C is seen on a new connection and kept. */
import type { AccessImpact } from '../domain/access/impact.ts';
import type { AgentActivities, Applied, Caller } from '../domain/agent-steps.ts';
import { type AppliedRecord, type Journal, appliedAs, applying, mayWrite } from '../domain/journal.ts';
import { reasonsOfAccess } from '../domain/plan/risk.ts';
import { planOfDiff } from '../domain/plan/summary.ts';
import type { Problem } from '../domain/problem.ts';
import type { Fence, Say } from '../targets/target.ts';
import { AgentError, Fenced, messageOf, problemsOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { appliedAnswer, failed } from './answers.ts';
import { type NotYours, checkCaller, enter } from './caller.ts';
import { incarnationOf } from './incarnation.ts';
import { runNamedCommand } from './named-command.ts';
import { commandOf, newServerWarnings } from './upgrade.ts';

type ApplyInput = Parameters<AgentActivities['apply']>[0];
export type ApplyFailed = { kind: 'failed'; problems: readonly Problem[]; exitCode: number | null };
export type ApplyAnswer = Applied | ApplyFailed | NotYours;

export interface Applying {
  apply(input: ApplyInput, say?: Say): Promise<ApplyAnswer>;
  captureApplied: AgentActivities['captureApplied'];
}

/** How long a server may take to accept connections after a command or a pipeline restarted it. */
const acceptWithinMs = 60_000;

/** A `rescue` or a revert of an earlier change that is just ending. */
const writerWaitMs = 30_000;

export function createApplying(parts: AgentParts): Applying {
  const { state, target, clock } = parts;
  let running: { readonly key: string; readonly answer: Promise<ApplyAnswer> } | null = null;

  async function apply(input: ApplyInput, say: Say): Promise<ApplyAnswer> {
    const entered = await state.journal.exclusive(async (found, write) => {
      const at = await enter(parts, input, found, write);
      if (at.kind !== 'open') return at;
      if (at.journal.phase === 'applied' && at.journal.applied !== null) return appliedAnswer(at.journal.applied);
      // Started before, and not by this process: how far it came is not known, and it is never done twice.
      if (at.journal.phase !== 'armed') return failed([cutOff(input)]);
      const problem = mismatch(input, at.journal);
      if (problem !== null) return failed([problem]);
      const journal = applying(at.journal);
      await write(journal);
      return { kind: 'open', journal } as const;
    });
    if (entered.kind !== 'open') return entered;
    return afterFence(input, () => write(entered.journal, input, say));
  }

  async function write(journal: Journal, input: ApplyInput, say: Say): Promise<ApplyAnswer> {
    const fence: Fence = () => {
      if (!mayWrite(state.journal.read(), journal)) throw new Fenced();
    };
    const lock = await state.locks.take('writer.lock', writerWaitMs);
    if (lock.kind === 'taken') return failed([writerBusy(lock.by.pid)]);
    try {
      if (input.command === null) {
        const kept = await state.bodies.plan(input.changeId, input.planHash);
        if (kept === null) return failed([{ code: 'plan-lost', message: 'the plan is no longer in the state folder' }]);
        const activated = await target.apply(kept.planned, fence, say);
        return await seeApplied(journal, activated.acceptingAt, { restarted: activated.restarted, exitCode: null });
      }
      const ended = await runNamedCommand(parts, journal, input.command, fence, say);
      if (ended.problems.length > 0) return { kind: 'failed', problems: ended.problems, exitCode: ended.exitCode };
      return await seeApplied(journal, null, { restarted: null, exitCode: ended.exitCode });
    } catch (error) {
      if (error instanceof Fenced) throw error;
      // The target's own words for a write that a fence stopped are no failure of the change.
      if (!mayWrite(state.journal.read(), journal)) throw new Fenced();
      return failed(problemsOf(error, 'apply-failed'));
    } finally {
      lock.release();
    }
  }

  /** `restarted` null: not known from the doing, so the server is asked which life it is in. */
  async function seeApplied(
    journal: Journal,
    acceptingAt: number | null,
    seen: { readonly restarted: boolean | null; readonly exitCode: number | null },
  ): Promise<Applied | ApplyFailed> {
    const accepting = acceptingAt ?? (await target.awaitAccepting(acceptWithinMs));
    const captured = accepting === null ? null : await target.capture();
    if (accepting === null || captured === null) return { ...failed([notAccepting(journal)]), exitCode: seen.exitCode };
    const { snapshot } = captured;
    if (snapshot === null) return { ...failed([lockedOut(journal)]), exitCode: seen.exitCode };
    const sealed = await state.bodies.captured(journal.refs.baseline);
    const before = sealed.snapshot;
    if (before === null) throw new Error('the sealed baseline holds no snapshot');
    const incarnation = await incarnationOf(captured);
    const { ref } = await state.bodies.putCaptured(captured);
    await parts.spool.add({ ref, changeId: journal.changeId, knownGood: false });
    const plan = planOfDiff(before, snapshot);
    const access = accessSeen(journal, () => target.access(sealed, captured, journal.asked ?? []));
    const reasons = [...(plan.reasons ?? []), ...(access === null ? [] : reasonsOfAccess(access))];
    const applied: AppliedRecord = {
      snapshotId: snapshot.id,
      acceptingAt: accepting,
      restarted: seen.restarted ?? incarnation !== journal.incarnation,
      plan: {
        ...plan,
        reasons,
        ...(access === null ? {} : { access }),
        warnings: [
          // The caller's journal is older than the start of its command.
          ...newServerWarnings(before, snapshot, commandOf(parts.config, state.journal.read() ?? journal)),
          ...warningsOf(sealed.dirty, captured.dirty),
        ],
      },
      exitCode: seen.exitCode,
    };
    await state.journal.exclusive(async (found, write) => {
      if (found === null || !mayWrite(found, journal)) throw new Fenced();
      await write(appliedAs(found, applied, ref));
    });
    void parts.spool.flush();
    return appliedAnswer(applied);
  }

  /** It explains a failure at most: whatever goes wrong in it is no failure of the change. */
  function accessSeen(journal: Journal, ask: () => AccessImpact | null): AccessImpact | null {
    try {
      return ask();
    } catch (error) {
      parts.log.warn(`who lost access by change ${journal.changeId} is not known: ${messageOf(error)}`);
      return null;
    }
  }

  /** Who was fenced learns why: closed, reverting, or owned by another run. */
  async function afterFence<T>(caller: Caller, work: () => Promise<T>): Promise<T | NotYours> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      const at = await state.journal.exclusive((found, write) => enter(parts, caller, found, write));
      if (at.kind !== 'open') return at;
      throw new AgentError('AgentInternal', {
        code: 'fenced',
        message: 'the step was fenced, and nobody says by whom',
      });
    }
  }

  return {
    apply(input, say = () => undefined) {
      checkCaller(parts, input);
      const key = `${input.changeId} ${input.runId}`;
      if (running?.key === key) return running.answer;
      const answer = apply(input, say).finally(() => {
        if (running?.key === key) running = null;
      });
      running = { key, answer };
      return answer;
    },

    async captureApplied(input) {
      checkCaller(parts, input);
      const at = await state.journal.exclusive((found, write) => enter(parts, input, found, write));
      if (at.kind !== 'open') return at;
      const { journal } = at;
      if (journal.phase === 'applied' && journal.applied !== null) return appliedAnswer(journal.applied);
      if (journal.changeKind !== 'external') return failed([notExternal(journal)]);
      const answer = await afterFence(input, () => seeApplied(journal, null, { restarted: null, exitCode: null }));
      return answer.kind === 'failed' ? failed(answer.problems) : answer;
    },
  };

  function mismatch(input: ApplyInput, journal: Journal): Problem | null {
    if (journal.changeKind === 'external') return notToApply(journal);
    const isCommand = journal.changeKind === 'command';
    if (isCommand !== (input.command !== null)) return otherKind(journal);
    return input.planHash === journal.planHash ? null : otherPlan(journal);
  }

  function cutOff({ changeId }: Caller): Problem {
    return {
      code: 'apply-cut-off',
      message: `applying change ${changeId} was cut off`,
      detail: 'The agent was restarted, or an earlier step failed in the middle.',
      hint: 'It is reverted; try it again as a new change.',
    };
  }

  function lockedOut({ changeId }: Journal): Problem {
    return {
      code: 'agent-locked-out',
      message: `after change ${changeId} the agent itself can no longer log in to ${parts.config.target}`,
      detail: `Seen at ${new Date(clock.now().wallMs).toISOString()}.`,
      hint: "A configuration that its own guardian cannot read is not kept: leave the agent's role its access.",
    };
  }
}

function notAccepting({ changeId }: Journal): Problem {
  return {
    code: 'not-accepting',
    message: `after change ${changeId} the server accepts no connections`,
    detail: `None was answered within ${acceptWithinMs / 1_000} s.`,
  };
}

function writerBusy(pid: number): Problem {
  return { code: 'writer-busy', message: `process ${pid} is still writing to this target` };
}

function notExternal({ changeKind }: Journal): Problem {
  return { code: 'not-external', message: `the change is of kind ${changeKind}: the agent applies it itself` };
}

function notToApply({ changeId }: Journal): Problem {
  return { code: 'external', message: `change ${changeId} is external: its pipeline applies it` };
}

function otherKind({ changeKind }: Journal): Problem {
  return { code: 'other-kind', message: `armed was a change of kind ${changeKind}` };
}

function otherPlan({ planHash }: Journal): Problem {
  return { code: 'other-plan', message: `armed was plan ${planHash.slice(0, 12)}, not this one` };
}

/** A command or a pipeline may leave a server that would not start again: said at once, long before the soak ends. */
function warningsOf(before: readonly Problem[], now: readonly Problem[]): readonly string[] {
  const had = new Set(before.map(({ message }) => message));
  return now
    .filter(({ message }) => !had.has(message))
    .slice(0, mostWarnings)
    .map(({ message, detail }) => `not known-good: ${message}${detail === undefined ? '' : ` (${detail})`}`);
}

/** A payload is small. */
const mostWarnings = 20;
