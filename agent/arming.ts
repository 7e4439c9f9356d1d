/** Arm: the journal with all that a revert needs is on disk, and was read back, before anything may be written. */
import type { AgentActivities, Armed } from '../domain/agent-steps.ts';
import type { Journal } from '../domain/journal.ts';
import { recordOf, startLease } from '../domain/lease.ts';
import type { Problem } from '../domain/problem.ts';
import { type WayBack, canGoBack, waysInWords } from '../domain/ways-back.ts';
import { incarnationOf } from './incarnation.ts';
import type { AgentParts } from './agent-parts.ts';
import { appliedAnswer, busyAnswer, closedAnswer, refused, staleAnswer } from './answers.ts';
import { type Write, checkCaller, gateFor } from './caller.ts';
import type { Candidates } from './candidates.ts';
import { heardFrom } from './lease-keeper.ts';
import { sqlSilent } from './preparing.ts';

/** The journal is written at every step. */
const mostAsked = 200;

type ArmInput = Parameters<AgentActivities['arm']>[0];
type ArmAnswer = Awaited<ReturnType<AgentActivities['arm']>>;

export function createArming(parts: AgentParts, candidates: Candidates): Pick<AgentActivities, 'arm'> {
  const { state, target, leases, clock, log } = parts;
  return {
    async arm(input) {
      checkCaller(parts, input);
      const known = await state.journal.exclusive((found, write) => answerFromJournal(parts, input, found, write));
      if (known !== null) return known;
      const identified = await target.identify();
      if (identified.kind === 'refused') return refused(identified.problems);
      const live = await target.capture();
      if (live.snapshot === null) return refused([sqlSilent(input.target)]);
      if (live.snapshot.id !== input.snapshotId) {
        // What was planned and approved for one server is not planned anew for another one.
        const candidate = await candidates.find(input.snapshotId);
        const other = candidate === null ? null : target.otherServer(candidate, live);
        return other === null ? { kind: 'moved' } : refused([{ ...other, hint: otherServerHint }]);
      }
      if (input.changeKind === 'config') {
        const plan = await state.bodies.plan(input.changeId, input.planHash);
        // A plan holds for the S it was made for: anything else must be planned again, as if the server had moved on.
        if (plan === null || plan.snapshotId !== input.snapshotId) return { kind: 'moved' };
      }
      const ways = await target.waysBack(live);
      if (!canGoBack(ways)) return refused([noWayBack(input.target, ways)]);
      log.info(`ways back to ${input.target}: ${waysInWords(ways)}`);
      const { ref } = await state.bodies.putCaptured(live);
      const incarnation = await incarnationOf(live);
      return state.journal.exclusive(async (found, write) => {
        const meanwhile = await answerFromJournal(parts, input, found, write);
        if (meanwhile !== null) return meanwhile;
        const lease = startLease(input, input.progressMs, clock.now().monotonicMs);
        const journal: Journal = {
          target: input.target,
          changeId: input.changeId,
          workflowId: input.workflowId,
          owner: input.runId,
          pastOwners: [],
          epoch: 1,
          phase: 'armed',
          since: clock.now().wallMs,
          changeKind: input.changeKind,
          planHash: input.planHash,
          snapshotId: input.snapshotId,
          touched: false,
          refs: { baseline: ref, change: null },
          witnesses: input.witnesses,
          policy: {
            leaseMs: input.leaseMs,
            graceMs: input.graceMs,
            onContactLost: input.onContactLost,
            quietMs: input.quietMs,
            revertMayRestart: input.revertMayRestart,
            expectsReboot: input.expectsReboot ?? false,
            ...(input.neverReopen === undefined ? {} : { neverReopen: input.neverReopen }),
          },
          lease: recordOf(lease, clock.now()),
          incarnation,
          waysBack: ways,
          asked: (input.access ?? []).slice(0, mostAsked),
          command: null,
          applied: null,
          revert: null,
        };
        await write(journal);
        leases.keep(journal, lease);
        // Until the journal was written nobody kept the lifeline: it may have been let go as of no use.
        await target.waysBack(live);
        return { kind: 'armed', phase: 'armed', applied: null, waysBack: ways };
      });
    },
  };

  /** null: nothing is known of this change, it may be armed for the first time. */
  async function answerFromJournal(
    { config }: AgentParts,
    input: ArmInput,
    found: Journal | null,
    write: Write,
  ): Promise<ArmAnswer | null> {
    const at = gateFor(parts, found, input);
    switch (at.kind) {
      case 'closed':
        return closedAnswer(at.closed);
      case 'busy':
        return busyAnswer(at.journal);
      case 'stale':
        return staleAnswer(at.journal);
      case 'free':
        if (input.approvalRunId !== null && input.approvalRunId !== input.runId) return { kind: 'approval-stale' };
        return null;
      case 'open': {
        const lease = heardFrom(leases, at.journal, clock);
        const journal = { ...at.journal, lease: recordOf(lease, clock.now()) };
        if (at.takenOver) {
          parts.log.info(`run ${input.runId} takes change ${input.changeId} of ${config.target} over`);
          await write(journal);
          leases.keep(journal, lease);
        }
        return ofOpenChange(journal);
      }
      default:
        return at satisfies never;
    }
  }
}

function noWayBack(target: string, ways: readonly WayBack[]): Problem {
  return {
    code: 'no-way-back',
    message: `a change of ${target} could not be taken back: its files or its server are out of reach`,
    detail: `${waysInWords(ways)}.`,
    hint: 'Run the agent on the database host, as the user that owns the server or as root.',
  };
}

const otherServerHint = 'Nothing was written. Start the change anew once you know which server it is meant for.';

function ofOpenChange(journal: Journal): Armed | ReturnType<typeof staleAnswer> {
  const { phase, applied, waysBack = [] } = journal;
  if (phase === 'armed' || phase === 'applying') return { kind: 'armed', phase, applied: null, waysBack };
  if (phase === 'applied')
    return { kind: 'armed', phase, applied: applied === null ? null : appliedAnswer(applied), waysBack };
  return staleAnswer(journal);
}
