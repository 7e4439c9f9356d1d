/** One attempt to take a change back, by the agent or by `rescue`: the journal says `reverting` already. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Closed, Incomplete, Reverted } from '../domain/agent-steps.ts';
import type { AgentConfig } from '../domain/config.ts';
import { type Journal, type JournaledRuling, closedAs, isOpen, mayWrite, ruled } from '../domain/journal.ts';
import { type HeldBack, type NeverReopen, heldBackOf, nothingClosed } from '../domain/never-reopen.ts';
import type { RevertItem } from '../domain/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { Captured, RevertReport, Say, Target } from '../targets/target.ts';
import { Fenced, Stopping, problemsOf } from './agent-error.ts';
import { closedAnswer } from './answers.ts';
import { killCommand } from './command.ts';
import type { Clock } from './host.ts';
import { afterApproval, covers, neverReopened } from './held-back.ts';
import type { Log } from './log.ts';
import type { Holder } from './locks.ts';
import type { Spool } from './spool.ts';
import type { StateFolder } from './state-folder.ts';
import { putServerBack } from './undo.ts';
import { carriesOver, commandOf } from './upgrade.ts';

export interface RevertParts {
  readonly config: AgentConfig;
  readonly target: Target;
  readonly state: StateFolder;
  readonly spool: Pick<Spool, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What to do about a living process that does not stop writing: another one is waited for in vain, our own is fenced. */
  readonly writerWaitMs: number;
  /** Ends the waiting for quiet, which the next start of the agent takes up again; no write is cut off. */
  readonly stopping?: AbortSignal;
  /** A server that waits for this revert at boot need wait no longer: its files are back, or are not to be had now. */
  readonly serverMayStart?: () => void;
  /** A person on the host lets everything be opened again. */
  readonly reopen?: boolean;
}

export type RevertAnswer = Reverted | Incomplete | Closed;

/** A payload over 64 KiB is a bug: the report's snapshots hold the rest. */
const mostItems = 100;

/** Looked at again this often while a pipeline may still be writing. */
const recheckMs = 5_000;
const soonMs = 250;
const mostIncomplete = 3;

export async function attemptRevert(parts: RevertParts, say: Say): Promise<RevertAnswer> {
  const journal = parts.state.journal.read();
  if (journal?.phase !== 'reverting') return endedMeanwhile(parts, journal?.changeId ?? '');
  try {
    if (journal.command !== null) await killCommand(journal.command, say);
    // A command of the host may start the server itself, and must not wait for what waits for it.
    if (commandOf(parts.config, journal)?.upgrade?.onRevert === 'undo') parts.serverMayStart?.();
    await writing(parts, () => putServerBack(parts, journal, say));
    const bodies = await bodiesNow({ ...parts, bodies: parts.state.bodies }, journal);
    const { report, list, ruling } = await revertAsRuled(parts, journal, bodies, say);
    const last = journal.revert?.pipelineUnfinished
      ? await untilQuiet(parts, journal, bodies, list, report, say)
      : report;
    const held = heldBackOf(journal.changeId, last.held);
    const stays = held !== null && covers(ruling, held.items) && !ruling.allow ? ruling : null;
    const open = stays === null ? last.held.map((problem) => withHint(parts, journal, problem, ruling)) : [];
    if (last.remaining.length + open.length > 0) return incomplete([...last.remaining, ...open], last.items, held);
    return await close(parts, journal, stays === null ? last : leftClosed(last, stays));
  } catch (error) {
    if (error instanceof Fenced) return endedMeanwhile(parts, journal.changeId);
    // Nothing is amiss: whoever waits is answered by the next start.
    if (error instanceof Stopping) throw error;
    return incomplete(problemsOf(error, 'revert-failed'), []);
  } finally {
    parts.serverMayStart?.();
  }
}

interface Bodies {
  readonly before: Captured;
  readonly change: Captured | null;
}

/** S and C of the open change. */
async function bodiesOf(bodies: StateFolder['bodies'], journal: Journal): Promise<Bodies> {
  const before = await bodies.captured(journal.refs.baseline);
  if (journal.refs.change !== null) return { before, change: await bodies.captured(journal.refs.change) };
  // Nothing was written for it: then what differs from S is somebody else's. A pipeline may have written unseen.
  return { before, change: journal.touched || journal.changeKind === 'external' ? null : before };
}

/** S as the server that runs now takes it: after a declared upgrade that may be another one. */
export async function bodiesNow(
  { config, bodies, target }: Pick<RevertParts, 'config' | 'target'> & Pick<StateFolder, 'bodies'>,
  journal: Journal,
): Promise<Bodies> {
  const { before, change } = await bodiesOf(bodies, journal);
  if (!carriesOver(commandOf(config, journal))) return { before, change };
  return { before: await target.carryOver(before, change), change };
}

interface Ruled {
  readonly report: RevertReport;
  /** What it has left closed, or would. */
  readonly list: NeverReopen;
  readonly ruling: JournaledRuling | undefined;
}

/** With everything on the list left closed first: only what then is known to be held back can have been approved. */
async function revertAsRuled(parts: RevertParts, journal: Journal, bodies: Bodies, say: Say): Promise<Ruled> {
  const { config, state } = parts;
  const list = parts.reopen ? nothingClosed : neverReopened(config, journal.policy.neverReopen);
  const attempt = (closed: NeverReopen): Promise<RevertReport> =>
    writing(parts, () => revertOnce(parts, journal, bodies, closed, say));
  const report = await attempt(list);
  const held = heldBackOf(journal.changeId, report.held);
  if (held === null) return { report, list, ruling: undefined };
  const ruling = await state.journal.exclusive(async (found, write) => {
    if (found === null || !mayWrite(found, journal)) throw new Fenced();
    const { ruling: said } = found;
    if (said === undefined || said.items !== null || said.hash !== held.hash) return said;
    const next = ruled(found, said, held.items);
    await write(next);
    return next.ruling;
  });
  if (!covers(ruling, held.items) || !ruling.allow) return { report, list, ruling };
  const less = afterApproval(config, journal, ruling);
  return { report: await attempt(less), list: less, ruling };
}

function withHint(
  { config }: RevertParts,
  { target, changeId }: Journal,
  problem: Problem,
  ruling: JournaledRuling | undefined,
): Problem {
  const onHost = `on its host: knowngood rescue ${target} --revert --reopen`;
  const name = `${target}:${changeId}`;
  const hint =
    ruling?.allow === true && config.neverReopen.declared
      ? `It is closed by agent.yaml: sign the approval with one of its keys, or ${onHost}.`
      : `Open it again: knowngood approve ${name}, or ${onHost}. Leave it closed: knowngood reject ${name}.`;
  return { ...problem, hint };
}

function leftClosed(report: RevertReport, { by }: JournaledRuling): RevertReport {
  return { ...report, conflicts: [...report.conflicts, ...report.held.map(({ message }) => `${message} (${by})`)] };
}

function revertOnce(
  parts: RevertParts,
  journal: Journal,
  { before, change }: Bodies,
  neverReopen: NeverReopen,
  say: Say,
): Promise<RevertReport> {
  const fence = (): void => {
    if (!mayWrite(parts.state.journal.read(), journal)) throw new Fenced();
  };
  const restarts = commandOf(parts.config, journal)?.restarts === true;
  return parts.target.revert({
    changeId: journal.changeId,
    before,
    change,
    neverReopen,
    mayRestart: journal.policy.revertMayRestart || restarts,
    witnesses: journal.witnesses,
    fence,
    say,
    ...(parts.serverMayStart === undefined ? {} : { filesBack: parts.serverMayStart }),
  });
}

/** The configuration must have equalled S for `quietMs`, or the pipeline must have said that it has ended. */
async function untilQuiet(
  parts: RevertParts,
  journal: Journal,
  bodies: Bodies,
  list: NeverReopen,
  first: RevertReport,
  say: Say,
): Promise<RevertReport> {
  const now = (): number => parts.clock.now().monotonicMs;
  const stepMs = Math.max(20, Math.min(recheckMs, journal.policy.quietMs / 4));
  let report = first;
  // A write into the middle of a revert leaves it incomplete; that is no reason to give up on a writer who is awaited.
  let incompleteInARow = report.remaining.length > 0 ? 1 : 0;
  let quietSince = now();
  say(`watching for ${Math.round(journal.policy.quietMs / 1_000)} s that nothing writes again`);
  while (incompleteInARow < mostIncomplete) {
    const finished = await pipelineFinished(parts, journal, incompleteInARow > 0 ? soonMs : stepMs);
    if (incompleteInARow === 0 && !(await bodiesDiffer(parts, journal, bodies, list))) {
      if (finished || now() - quietSince >= journal.policy.quietMs) return report;
      continue;
    }
    say('something wrote again: reverting again');
    report = await writing(parts, () => revertOnce(parts, journal, bodies, list, say));
    incompleteInARow = report.remaining.length > 0 ? incompleteInARow + 1 : 0;
    quietSince = now();
  }
  return report;
}

/** Waits `stepMs` at most; true: the pipeline is known to write no more. */
async function pipelineFinished({ state, stopping }: RevertParts, journal: Journal, stepMs: number): Promise<boolean> {
  const until = performance.now() + stepMs;
  for (;;) {
    const seen = state.journal.read();
    if (!mayWrite(seen, journal)) throw new Fenced();
    if (seen?.revert?.pipelineUnfinished === false) return true;
    if (performance.now() >= until) return false;
    if (stopping?.aborted) throw new Stopping();
    await sleep(Math.min(250, stepMs));
  }
}

async function bodiesDiffer(
  { target }: RevertParts,
  { changeId }: Journal,
  { before, change }: Bodies,
  neverReopen: NeverReopen,
): Promise<boolean> {
  const items = await target.planRevert(before, change, { changeId, neverReopen });
  return items.some(
    ({ decision }) => decision === 'restore' || decision === 'merge' || decision === 'conflict-restored',
  );
}

/** One writer at a time on a target, across processes; an operation that lost its change ends at its next fence. */
async function writing<T>(parts: RevertParts, work: () => Promise<T>): Promise<T> {
  const lock = await parts.state.locks.take('writer.lock', parts.writerWaitMs);
  if (lock.kind === 'held') {
    try {
      return await work();
    } finally {
      lock.release();
    }
  }
  if (lock.by.pid !== process.pid) throw new WriterBusy(lock.by);
  parts.log.warn('an earlier step of this agent hangs; it is fenced, the revert goes on without it');
  return work();
}

class WriterBusy extends Error {
  readonly problem: Problem;

  constructor({ what, pid }: Holder) {
    super(`${what} (process ${pid}) is still writing to this target`);
    this.problem = {
      code: 'writer-busy',
      message: this.message,
      detail: 'It did not stop when the revert began.',
      hint: what === 'agent' ? `If it hangs, run: kill -9 ${pid}, and try again.` : 'Wait for it, or stop it.',
    };
  }
}

async function close(parts: RevertParts, journal: Journal, report: RevertReport): Promise<RevertAnswer> {
  const { state, clock } = parts;
  const after = report.after?.snapshot?.id ?? null;
  // What equals S is in the store already, since before the change was armed.
  if (report.after !== null && after !== null && after !== journal.snapshotId) {
    // Spooled before the end is written: what an end names must be found.
    const { ref } = await state.bodies.putCaptured(report.after);
    await parts.spool.add({ ref, changeId: journal.changeId, knownGood: false });
  }
  return state.journal.exclusive(async (found, write) => {
    if (!isOpen(found) || !mayWrite(found, journal)) throw new Fenced();
    const revert = found.revert;
    const reverted: Reverted = {
      kind: 'reverted',
      by: revert?.by ?? 'agent',
      reason: revert?.reason ?? 'internal-error',
      snapshotId: after,
      at: clock.now().wallMs,
      restarted: report.restarted,
      acceptingAt: report.acceptingAt,
      proof: report.proof,
      conflicts: report.conflicts,
      items: shown(report.items),
    };
    const { by, reason, at } = reverted;
    const end = { changeId: found.changeId, phase: 'reverted', by, reason, snapshotId: after, at } as const;
    await state.closed.write({ ...end, note: null, details: reverted });
    await write(closedAs(found, 'reverted'));
    return reverted;
  });
}

function endedMeanwhile({ state }: RevertParts, changeId: string): RevertAnswer {
  const closed = changeId === '' ? null : state.closed.read(changeId);
  if (closed !== null) return closed.details ?? closedAnswer(closed);
  return incomplete([{ code: 'taken-over', message: 'somebody else goes on with this revert' }], []);
}

function incomplete(
  remaining: readonly Problem[],
  items: readonly RevertItem[],
  held: HeldBack | null = null,
): Incomplete {
  return { kind: 'incomplete', remaining, items: shown(items), ...(held === null ? {} : { held }) };
}

function shown(items: readonly RevertItem[]): readonly RevertItem[] {
  return items.filter(({ decision }) => decision !== 'nothing').slice(0, mostItems);
}
