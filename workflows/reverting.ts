/** Stage 9b: revert until it is proven, or a person takes over; then say how the dependents are. */
import { CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import type { Closed, Incomplete, Reverted, Stale } from '../activities/contract.ts';
import { locationsOf } from '../domain/admitted.ts';
import { neverArmed } from '../domain/agent-steps.ts';
import type { Before } from '../domain/check.ts';
import { heldBack, type HeldRuling } from '../domain/never-reopen.ts';
import type { Problem } from '../domain/problem.ts';
import type { End, Ruling } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import type { Operators } from './decisions.ts';
import { callerOf } from './caller.ts';
import type { Over } from './notice-flow.ts';
import { endBy, tell, tellOnce, tellOver } from './telling.ts';
import { agent, agentPresence, probe, revertingAgent } from './steps.ts';

type Answer = Reverted | Closed | Stale | Incomplete;

/** What people are told, and are called about. */
const event = 'revert-incomplete';

/** Between two attempts at an incomplete revert: soon at first, then once a minute for an hour. */
const firstPausesMs = [2_000, 5_000, 15_000, 30_000];
const minutely = 60;
/** An agent that is only slow has answered by then. */
const silencePausesMs = [15_000, 60_000, 300_000];
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
    hold(flow, operators, answer);
    if (flow.phase === 'revert-incomplete') note(flow, `still incomplete: ${answer.remaining.length} item(s) remain`);
    else enter(flow, 'revert-incomplete', `the revert is not complete: ${answer.remaining[0]?.message ?? 'unknown'}`);
    tellOnce(flow, event);
    // Everything else is back: how the dependents are is not kept waiting for whoever decides about the rest.
    const isBack = answer.remaining.every(({ code }) => code === heldBack);
    if (isBack && flow.evidence.recovery.length === 0) await askDependents(flow);
    operators.journalClosed = false;
    const heard = operators.pipeline;
    const woken = (): boolean =>
      operators.abandoned !== null ||
      operators.ruling !== null ||
      operators.journalClosed ||
      operators.pipeline !== heard;
    await condition(woken, pauseAfter(attempt), { summary: 'then the revert is tried again' });
    if (operators.abandoned) return abandon(flow, operators.abandoned);
  }
}

/** What is opened again by an approval only: another list of it is another question, and asked anew. */
function hold(flow: Flow, operators: Operators, { held, remaining }: Incomplete): void {
  if (flow.held?.hash !== held?.hash) {
    flow.reopenApprovals = [];
    operators.ruling = null;
  }
  flow.held = held ?? null;
  const isMore = remaining.some(({ code }) => code !== heldBack);
  // Nobody was called about what is left closed on purpose.
  const isTold = flow.told.some((one) => one.kind === event && one.severity === 'warning' && !one.isOver);
  if (isMore && isTold) tellOver(flow, event, {});
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
async function revertOnce(
  flow: Flow,
  operators: Operators,
  ruling: Ruling,
  reopening: HeldRuling | null = takeRuling(operators),
): Promise<Answer> {
  const unfinished = (): boolean => flow.claims.changeKind === 'external' && operators.pipeline === null;
  const wasUnfinished = unfinished();
  const quietMs = wasUnfinished ? (flow.change?.policy.quietMs ?? 0) : 0;
  const scope = new CancellationScope();
  const attempt = scope.run(() =>
    revertingAgent(flow.request.target, 300_000 + quietMs, `revert ${flow.request.target}: ${ruling.why}`).revert({
      ...callerOf(flow),
      reason: ruling.reason,
      pipelineUnfinished: wasUnfinished,
      ...(reopening === null ? {} : { ruling: reopening }),
    }),
  );
  let settled = false;
  const done = attempt.finally(() => (settled = true));
  const saysSilence = patched('a-silent-agent-is-said');
  if (saysSilence) void sayWhileSilent(flow, operators, () => settled);
  if (saysSilence || wasUnfinished) {
    const overtaken = (): boolean => (wasUnfinished && !unfinished()) || operators.abandoned !== null;
    await Promise.race([done.then(noop, noop), condition(() => settled || overtaken())]);
    if (!settled) scope.cancel();
  }
  try {
    return await done;
  } catch (error) {
    // Once it is asked to end, Temporal tries an attempt no more, whatever it ends with.
    if (!isCancellation(error) && !scope.consideredCancelled) throw error;
    if (operators.abandoned) return { kind: 'incomplete', remaining: flow.remaining, items: [] };
    return revertOnce(flow, operators, ruling, reopening);
  }
}

/** It goes to the agent once, which keeps it. */
function takeRuling(operators: Operators): HeldRuling | null {
  const { ruling } = operators;
  operators.ruling = null;
  return ruling;
}

/** The attempt waits in Temporal for an agent that is away, a host that is down; meanwhile that is said, and said again. */
async function sayWhileSilent(flow: Flow, operators: Operators, settled: () => boolean): Promise<void> {
  const { target } = flow.request;
  const isOver = (): boolean => settled() || operators.abandoned !== null;
  for (let round = 0; ; round++) {
    const pauseMs = silencePausesMs[round] ?? laterPauseMs;
    if (await condition(isOver, pauseMs, { summary: 'then the agent is asked whether it is there' })) return;
    const heard = await isHeard(target);
    if (isOver()) return;
    if (heard) continue;
    const problem: Problem = {
      code: 'no-agent',
      message: `no agent answers for target ${target}`,
      detail: 'The revert waits for it.',
      hint: `Start it, or look at its host: knowngood rescue ${target} --revert works there without Temporal.`,
    };
    flow.remaining = [problem];
    if (flow.phase === 'revert-incomplete') note(flow, `still ${problem.message}: the revert waits for it`);
    else enter(flow, 'revert-incomplete', `the revert is not complete: ${problem.message}`);
    tellOnce(flow, event);
  }
}

function isHeard(target: string): Promise<boolean> {
  return agentPresence(target)
    .ping({ target })
    .then(
      () => true,
      () => false,
    );
}

async function finish(flow: Flow, ruling: Ruling, answer: Exclude<Answer, { kind: 'incomplete' }>): Promise<End> {
  flow.remaining = [];
  flow.held = null;
  tellOver(flow, event, endOfCalling(flow, ruling, answer));
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
    if (outcome === 'kept') tell(flow, 'kept', { why: `${outcome} by ${answer.by}` });
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
  flow.revertedBy = answer.by === 'workflow' ? null : answer.by;
  tell(flow, 'reverted', { why: ruling.why });
  if (flow.dependents === 'still-failing') tell(flow, 'still-failing');
  const reason = answer.by === 'workflow' ? ruling.reason : answer.reason;
  return { outcome: 'reverted', reason, summary: `reverted: ${ruling.why}`, problems: [] };
}

/** What is told next, for those who do not hear it. */
function endOfCalling(flow: Flow, ruling: Ruling, answer: Exclude<Answer, { kind: 'incomplete' }>): Over {
  if (answer.kind === 'reverted' || (answer.kind === 'closed' && answer.phase === 'reverted'))
    return endBy(flow, 'reverted', ruling.why);
  if (answer.kind === 'stale' || answer.by === neverArmed) return endBy(flow, 'ended', ruling.why);
  if (answer.phase === 'confirmed') return endBy(flow, 'kept', `kept by ${answer.by}`);
  return endBy(flow, 'ended', `abandoned by ${answer.by}`);
}

/** Reported beside the outcome, causes no further writes; a probe that is gone is said, not waited for. */
async function askDependents(flow: Flow): Promise<void> {
  const { change } = flow;
  const asked = (change?.checks ?? []).filter(({ name, shadow }) => !shadow && !flow.ignore.includes(name));
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
          ...slowUnder(flow, location),
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

/** What got slower has recovered once it answers as before. A query of Prometheus may look back at the change for minutes. */
function slowUnder({ change, evidence }: Flow, location: string): { readonly before?: readonly Before[] } {
  const slower = (change?.checks ?? []).filter(
    (check) =>
      check.location === location &&
      check.kind !== 'prometheus' &&
      evidence.watch.some(({ check: name, worse }) => name === check.name && worse !== undefined),
  );
  const before = evidence.baseline.flatMap(({ check, values }) =>
    values !== undefined && slower.some(({ name }) => name === check) ? [{ check, values }] : [],
  );
  return before.length === 0 ? {} : { before };
}

async function abandon(flow: Flow, { who, why }: { who: string; why: string }): Promise<End> {
  const { target } = flow.request;
  tellOver(flow, event, { words: `${who} has taken the revert over${why ? `: ${why}` : ''}` });
  // One that was silent is asked once more, and not waited for.
  const wasSilent = flow.remaining.some(({ code }) => code === 'no-agent');
  const isThere = !wasSilent || (await isHeard(target));
  const telling = agent(target, `abandon the revert, by ${who}`);
  const answer = isThere ? await telling.abandon({ ...callerOf(flow), who, why }).catch(() => null) : null;
  const remaining = flow.remaining.map((problem) => problem.message).join('; ');
  const words = (): string => {
    if (answer === null)
      return `${who} took over, and the agent could not be told: back again it reverts, unless "knowngood rescue ${target} --abandon" was run on its host; remaining: ${remaining}`;
    if (answer.kind === 'closed')
      return `${who} took over an incomplete revert${why ? `: ${why}` : ''}; remaining: ${remaining}`;
    return `${who} took over; another run (${answer.owner}) owns the journal`;
  };
  return { outcome: 'abandoned', reason: 'abandoned-by-operator', summary: words(), problems: flow.remaining };
}

const noop = (): void => undefined;
