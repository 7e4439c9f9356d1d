/** Stage 9b: revert until it is proven, or a person takes over; then say how the dependents are. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Closed, Reverted, Stale } from '../activities/contract.ts';
import { locationsOf } from '../domain/admitted.ts';
import { neverArmed } from '../domain/agent-steps.ts';
import type { Problem } from '../domain/problem.ts';
import type { RevertItem } from '../domain/plan.ts';
import type { End, Ruling } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import type { Operators } from './decisions.ts';
import { callerOf } from './caller.ts';
import { agent, probe, revertingAgent } from './steps.ts';

type Answer =
  Reverted | Closed | Stale | { kind: 'incomplete'; remaining: readonly Problem[]; items: readonly RevertItem[] };

/** Between two attempts at an incomplete revert: soon at first, then once a minute for an hour. */
const firstPausesMs = [2_000, 5_000, 15_000, 30_000];
const minutely = 60;
/** The agent tries every minute by itself and tells when it is done: an attempt costs some ten events, and Temporal ends a
 * workflow at about 50,000 of them, which a month of attempts must not reach. */
const laterPauseMs = 600_000;

function pauseAfter(attempt: number): number {
  return firstPausesMs[attempt] ?? (attempt < firstPausesMs.length + minutely ? 60_000 : laterPauseMs);
}

/** Runs in a non-cancellable scope. */
export async function revertUntilProven(flow: Flow, operators: Operators, ruling: Ruling): Promise<End> {
  for (let attempt = 0; ; attempt++) {
    const answer = lostOr(flow, await revertOnce(flow, operators, ruling));
    if (answer.kind !== 'incomplete') return finish(flow, ruling, answer);
    flow.remaining = answer.remaining;
    flow.evidence.reverted = answer.items;
    if (flow.phase === 'revert-incomplete') note(flow, `still incomplete: ${answer.remaining.length} item(s) remain`);
    else enter(flow, 'revert-incomplete', `the revert is not complete: ${answer.remaining[0]?.message ?? 'unknown'}`);
    operators.journalClosed = false;
    const heard = operators.pipeline;
    const woken = (): boolean =>
      operators.abandoned !== null || operators.journalClosed || operators.pipeline !== heard;
    await condition(woken, pauseAfter(attempt), { summary: 'then the revert is tried again' });
    if (operators.abandoned) return abandon(flow, operators.abandoned);
  }
}

/** An agent that has armed a change and knows nothing of it has lost its state folder: nobody can say what is in force. */
function lostOr(flow: Flow, answer: Answer): Answer {
  if (answer.kind !== 'closed' || answer.by !== neverArmed || flow.moments.armed === null) return answer;
  const { target } = flow.request;
  const problem: Problem = {
    code: 'journal-lost',
    message: `the agent of ${target} no longer knows this change`,
    detail: 'It was armed, and its journal is gone: the agent lost its state folder, and cannot revert.',
    hint: `Put the configuration back by hand from snapshot ${flow.snapshots.before ?? ''}, then abandon this change.`,
  };
  return { kind: 'incomplete', remaining: [problem], items: [] };
}

/** A pipeline that may still be writing keeps the agent re-reverting; its `failed` ends that early. */
async function revertOnce(flow: Flow, operators: Operators, ruling: Ruling): Promise<Answer> {
  const unfinished = (): boolean => flow.claims.changeKind === 'external' && operators.pipeline === null;
  const wasUnfinished = unfinished();
  const quietMs = wasUnfinished ? (flow.change?.policy.quietMs ?? 0) : 0;
  const scope = new CancellationScope();
  const attempt = scope.run(() =>
    revertingAgent(flow.request.target, 300_000 + quietMs, `revert ${flow.request.target}: ${ruling.why}`).revert({
      ...callerOf(flow),
      reason: ruling.reason,
      pipelineUnfinished: wasUnfinished,
    }),
  );
  let settled = false;
  const done = attempt.finally(() => (settled = true));
  if (wasUnfinished) {
    await Promise.race([done.then(noop, noop), condition(() => settled || !unfinished())]);
    if (!settled) scope.cancel();
  }
  try {
    return await done;
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return revertOnce(flow, operators, ruling);
  }
}

async function finish(flow: Flow, ruling: Ruling, answer: Exclude<Answer, { kind: 'incomplete' }>): Promise<End> {
  flow.remaining = [];
  if (answer.kind === 'stale')
    return {
      outcome: 'aborted',
      reason: 'internal-error',
      summary: `another run (${answer.owner}) owns this change and will end it; this run wrote nothing more`,
      problems: [],
    };
  if (answer.kind === 'closed' && answer.by === neverArmed)
    return {
      outcome: 'aborted',
      reason: ruling.reason,
      summary: `${ruling.why}; the change was never armed, nothing was touched`,
      problems: [],
    };
  flow.snapshots.after = answer.snapshotId;
  flow.moments.restored = answer.at;
  if (answer.kind === 'closed' && answer.phase !== 'reverted') {
    const outcome = answer.phase === 'confirmed' ? 'kept' : 'abandoned';
    return { outcome, reason: answer.reason, summary: `${outcome} by ${answer.by}`, problems: [] };
  }
  // Set before the dependents are asked: the configuration has reached its end, whatever they do.
  flow.outcome = 'reverted';
  if (answer.kind === 'reverted') {
    flow.conflicts = answer.conflicts;
    flow.evidence.proof = answer.proof;
    flow.evidence.reverted = answer.items;
  }
  enter(flow, 'verify', `reverted, proven on a new connection, by ${answer.by}; asking the dependents`);
  await askDependents(flow);
  const reason = answer.by === 'workflow' ? ruling.reason : answer.reason;
  return { outcome: 'reverted', reason, summary: `reverted: ${ruling.why}`, problems: [] };
}

/** Reported beside the outcome, causes no further writes; a probe that is gone is said, not waited for. */
async function askDependents(flow: Flow): Promise<void> {
  const { change } = flow;
  const asked = (change?.checks ?? []).filter((check) => !flow.ignore.includes(check.name));
  if (!change || asked.length === 0) {
    flow.dependents = 'not-measured';
    return;
  }
  try {
    const answers = await Promise.all(
      locationsOf(change).map((location) =>
        probe(location, `have the dependents recovered (${location})`).recovery({
          target: change.target,
          changeId: change.changeId,
          checks: asked.filter((check) => check.location === location),
          timeoutMs: Math.min(90_000, change.policy.settleRestartMs + 30_000),
        }),
      ),
    );
    flow.evidence.recovery = answers.flatMap((answer) => answer.progress);
    flow.progress = flow.evidence.recovery;
    flow.dependents = answers.every((answer) => answer.recovered) ? 'recovered' : 'still-failing';
    if (flow.dependents === 'recovered') flow.moments.recovered = Math.max(...answers.map((answer) => answer.at));
    note(flow, flow.dependents === 'recovered' ? 'all dependents answer again' : 'dependents are still failing');
  } catch {
    flow.dependents = 'not-measured';
    note(flow, 'the dependents could not be measured: no probe answered');
  }
}

async function abandon(flow: Flow, { who, why }: { who: string; why: string }): Promise<End> {
  const answer = await agent(flow.request.target, `abandon the revert, by ${who}`).abandon({
    ...callerOf(flow),
    who,
    why,
  });
  const remaining = flow.remaining.map((problem) => problem.message).join('; ');
  return answer.kind === 'closed'
    ? {
        outcome: 'abandoned',
        reason: 'abandoned-by-operator',
        summary: `${who} took over an incomplete revert${why ? `: ${why}` : ''}; remaining: ${remaining}`,
        problems: flow.remaining,
      }
    : {
        outcome: 'abandoned',
        reason: 'abandoned-by-operator',
        summary: `${who} took over; another run (${answer.owner}) owns the journal`,
        problems: flow.remaining,
      };
}

const noop = (): void => undefined;
