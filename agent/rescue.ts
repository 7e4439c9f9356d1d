/**
 * Break glass: look at, revert or abandon the open change on the host itself, by the journal alone. Needs no Temporal,
 * no store and no agent; one that runs is fenced, and sees the end in the journal. See docs/decisions.
 */
import { join } from 'node:path';
import type { Incomplete, Reverted } from '../domain/agent-steps.ts';
import type { AgentConfig } from '../domain/config.ts';
import { type ClosedRecord, type FinalPhase, type Journal, closedAs, revertTakenBy } from '../domain/journal.ts';
import { fromRecord } from '../domain/lease.ts';
import type { JournalPhase } from '../domain/phase.ts';
import type { ReasonCode } from '../domain/result.ts';
import type { WayBack } from '../domain/ways-back.ts';
import type { RevertPreview, Say, Target } from '../targets/target.ts';
import { AgentError, messageOf } from './agent-error.ts';
import { closedRecordOf, openClosedChanges } from './closed-changes.ts';
import { mayStillRun } from './command.ts';
import { hasCode } from './durable.ts';
import { hostClock } from './host.ts';
import { readJournal } from './journal-file.ts';
import { readKey } from './key.ts';
import { type Log, stderrLog } from './log.ts';
import { neverReopened } from './held-back.ts';
import { attemptRevert, bodiesNow } from './revert-attempt.ts';
import { openSpool } from './spool.ts';
import { isOpenChange, openStateFolder, readBodies, type StateFolder } from './state-folder.ts';
import { undoPreview } from './upgrade.ts';

export interface RescueOptions {
  /** How the server's files are reached; the server itself may be down. */
  readonly openTarget: (config: AgentConfig, key: Buffer) => Promise<Target>;
  readonly say?: Say;
  readonly log?: Log;
}

export interface OpenChange {
  readonly changeId: string;
  readonly workflowId: string;
  readonly phase: JournalPhase;
  readonly changeKind: Journal['changeKind'];
  readonly owner: string;
  /** Unix ms. */
  readonly since: number;
  readonly snapshotId: string;
  /** False: the change has certainly written nothing. */
  readonly touched: boolean;
  /** What is left of the clocks; the contact deadline of a running agent may be later than the one on disk. */
  readonly lease: {
    readonly contactMs: number;
    readonly progressMs: number;
    readonly onContactLost: 'revert' | 'wait';
  };
  readonly commandRuns: string | null;
  readonly revertReason: ReasonCode | null;
  /** As they were when the change was armed; empty: not known. */
  readonly waysBack: readonly WayBack[];
}

/** `last`: how the newest change has ended; null: there was none. */
export type Shown =
  | { readonly kind: 'none'; readonly last: ClosedRecord | null }
  | { readonly kind: 'open'; readonly change: OpenChange };

export type Rescued =
  | { readonly kind: 'none' }
  | { readonly kind: 'ended'; readonly changeId: string; readonly phase: FinalPhase; readonly by: string }
  | Reverted
  | Incomplete;

const by = 'rescue on the host';

/** A running agent's step ends at its next fence; one that does not by then is named. */
const writerWaitMs = 20_000;

/** Reads only: no key, no lock, and nothing is made where no agent has ever been. */
export function rescueShow(config: Pick<AgentConfig, 'stateDir'>): Shown {
  try {
    const { journal } = readJournal(config.stateDir);
    const state = { closed: openClosedChanges<Reverted>(join(config.stateDir, 'closed')) };
    const end = journal === null ? null : state.closed.read(journal.changeId);
    if (isOpenChange(state, journal)) return { kind: 'open', change: shown(journal) };
    return { kind: 'none', last: end === null ? null : closedRecordOf(end) };
  } catch (error) {
    throw asRoot(error, config);
  }
}

/**
 * What `rescueRevert` would do now; null: no change is open. Reads only, but needs the key. The server may be down: then
 * files alone are shown.
 */
export async function rescuePlan(
  config: AgentConfig,
  { openTarget }: Pick<RescueOptions, 'openTarget'>,
): Promise<RevertPreview | null> {
  const { journal } = readJournal(config.stateDir);
  const state = { closed: openClosedChanges<Reverted>(join(config.stateDir, 'closed')) };
  if (!isOpenChange(state, journal)) return null;
  const key = await readKey(config.keyFile);
  const undo = undoPreview(config, journal);
  if (undo !== null) return undo;
  const bodies = await readBodies(config, key);
  const target = await openTarget(config, key);
  try {
    const { before, change } = await bodiesNow({ config, target, bodies }, journal);
    const neverReopen = neverReopened(config, journal.policy.neverReopen);
    return await target.previewRevert(before, change, { changeId: journal.changeId, neverReopen });
  } finally {
    await target.close();
  }
}

/** Takes the revert over from whoever is at it. Run again, it goes on where it stopped. */
export async function rescueRevert(
  config: AgentConfig,
  options: RescueOptions & { readonly reopen?: boolean },
): Promise<Rescued> {
  const { log = stderrLog, say = (line) => log.info(line), reopen = false } = options;
  return withState(config, log, async (state, key) => {
    const open = await state.journal.exclusive(async (journal, write) => {
      if (!isOpenChange(state, journal)) return null;
      const revert = { reason: 'rescued-on-host', by, at: Date.now(), pipelineUnfinished: false } as const;
      await write(revertTakenBy(journal, revert));
      return journal;
    });
    if (open === null) return { kind: 'none' };
    const target = await options.openTarget(config, key);
    try {
      const spool = openSpool(state.spoolFolder, config.target, state, null, () => undefined);
      const parts = { config, target, state, spool, clock: hostClock, log, writerWaitMs, reopen };
      const answer = await attemptRevert(parts, say);
      return answer.kind === 'closed' ? { ...answer, kind: 'ended', changeId: open.changeId } : answer;
    } finally {
      await target.close();
    }
  });
}

/** The configuration stays as it is, a person takes over. A command that still runs is not stopped. */
export async function rescueAbandon(
  config: AgentConfig,
  { who, why, log = stderrLog }: { readonly who: string; readonly why: string; readonly log?: Log },
): Promise<Rescued> {
  return withState(config, log, (state) =>
    state.journal.exclusive(async (journal, write) => {
      if (!isOpenChange(state, journal)) return { kind: 'none' };
      const { changeId } = journal;
      const end = { changeId, phase: 'abandoned', by: `${who}, ${by}`, reason: 'abandoned-by-operator' } as const;
      await state.closed.write({ ...end, snapshotId: null, at: Date.now(), note: why, details: null });
      await write(closedAs(journal, 'abandoned'));
      return { kind: 'ended', changeId, phase: end.phase, by: end.by };
    }),
  );
}

async function withState<T>(
  config: AgentConfig,
  log: Log,
  work: (state: StateFolder, key: Buffer) => Promise<T>,
): Promise<T> {
  const key = await readKey(config.keyFile);
  const state = await openStateFolder(config, key, 'rescue', log);
  try {
    return await work(state, key);
  } catch (error) {
    throw asRoot(error, config);
  } finally {
    state.close();
  }
}

function shown(journal: Journal): OpenChange {
  const { changeId, workflowId, phase, changeKind, owner, since, snapshotId, touched, policy, command, revert } =
    journal;
  const now = hostClock.now();
  const lease = fromRecord(journal.lease, now, journal.policy.expectsReboot);
  return {
    changeId,
    workflowId,
    phase,
    changeKind,
    owner,
    since,
    snapshotId,
    touched,
    lease: {
      contactMs: lease.contactBy - now.monotonicMs,
      progressMs: lease.progressBy - now.monotonicMs,
      onContactLost: policy.onContactLost,
    },
    commandRuns: command !== null && mayStillRun(command) ? command.name : null,
    revertReason: revert?.reason ?? null,
    waysBack: journal.waysBack ?? [],
  };
}

function asRoot(error: unknown, { stateDir }: Pick<AgentConfig, 'stateDir'>): unknown {
  if (!hasCode(error, 'EACCES') && !hasCode(error, 'EPERM')) return error;
  return new AgentError(
    'AgentInternal',
    {
      code: 'state-folder-closed',
      message: `state folder ${stateDir} is closed to this user`,
      detail: messageOf(error),
      hint: 'Run rescue as the user the agent runs as, or as root.',
    },
    error,
  );
}
