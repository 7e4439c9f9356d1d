/** The agent: owns one target's journal and lease, and takes a change back by itself when nobody decides any more. */
import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentActivities, Stale } from '../domain/agent-steps.ts';
import type { AgentConfig } from '../domain/config.ts';
import type { Journal } from '../domain/journal.ts';
import type { JournalPhase } from '../domain/phase.ts';
import type { Problem } from '../domain/problem.ts';
import type { AgentStore } from './snapshot-store.ts';
import type { Say, Target } from '../targets/target.ts';
import { messageOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { busyAnswer } from './answers.ts';
import { createAccessing } from './accessing.ts';
import { type ApplyAnswer, createApplying } from './applying.ts';
import { createArming } from './arming.ts';
import { createCandidates } from './candidates.ts';
import type { Contact } from './contact.ts';
import { createDrifting } from './drifting.ts';
import { createEnding } from './ending.ts';
import { type Clock, hostClock } from './host.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { type Log, stderrLog } from './log.ts';
import { createPreparing } from './preparing.ts';
import { type Proving, createRehearsing, recordsIn } from './rehearsing.ts';
import type { RevertAnswer, RevertParts } from './revert-attempt.ts';
import { createReverter } from './reverter.ts';
import { createReverting } from './reverting.ts';
import { startObserving } from './observe.ts';
import { openSpool } from './spool.ts';
import { isOpenChange, removeLeftovers, type StateFolder, takeAgentLock } from './state-folder.ts';
import { type Scoping, createScoping } from './scoping.ts';
import { createStartGate } from './start-gate.ts';
import { createTelling } from './telling.ts';
import { startWatch } from './watch.ts';

type ApplyInput = Parameters<AgentActivities['apply']>[0];
type RevertInput = Parameters<AgentActivities['revert']>[0];

export interface Agent
  extends Omit<AgentActivities, 'apply' | 'revert' | 'revertItems' | 'proveChecks'>, Scoping, Proving {
  apply(input: ApplyInput, say?: Say): Promise<ApplyAnswer>;
  revert(input: RevertInput, say?: Say): Promise<RevertAnswer | Stale>;
  state(): AgentState;
  /**
   * Settles when a server that starts after this agent may start: no change is open, its lease runs, or the files of an
   * overdue revert are back. One that cannot be reverted is not kept down: half a minute at most. Never rejects.
   */
  readonly serverMayStart: Promise<void>;
  /** The agent is about to be closed: a wait that its next start takes up again ends now. */
  endWaits(): void;
  /** Stops the clocks; a revert that runs is waited for, the lease on disk stands. */
  close(): Promise<void>;
}

export interface AgentState {
  readonly target: string;
  /** null: none is open. */
  readonly open: {
    readonly changeId: string;
    readonly workflowId: string;
    readonly phase: JournalPhase;
    readonly owner: string;
    readonly since: number;
    /** What is left of the two clocks; negative: run out. */
    readonly contactMs: number;
    readonly progressMs: number;
  } | null;
  /** Of a revert that is not complete. */
  readonly remaining: readonly Problem[];
}

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly target: Target;
  readonly state: StateFolder;
  readonly store: (() => Promise<AgentStore>) | null;
  readonly contact: Contact;
  readonly version: string;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Up to 0.2 of the lease. */
  readonly jitter?: number;
}

/** A revert waits so long for this agent's own step to see its fence, and goes on without it. */
const writerWaitMs = 60_000;

/** A store that is away must not hold up the end; what it has not got waits for the next start. */
const lastFlushMs = 2_000;

/** Refuses to start beside another agent on the same state folder. Its clocks run from here on. */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { config, target, state, store, log = stderrLog, clock = hostClock } = options;
  const lock = await takeAgentLock(state, config.target);
  const found = state.journal.read();
  if (isOpenChange(state, found)) log.info(`change ${found.changeId} is open in phase ${found.phase}`);
  await removeLeftovers(state);
  // Not waited for: it is nothing that a revert needs.
  target.removeLeftRehearsals(recordsIn(state.path)).then(
    (count) => count > 0 && log.warn(`removed ${count} rehearsal that was cut off, and ended its scratch server`),
    (error: unknown) => log.warn(`a rehearsal that was cut off is still there: ${messageOf(error)}`),
  );
  const spool = openSpool(state.spoolFolder, config.target, state, store, (line) => log.warn(line));
  const stopping = new AbortController();
  const gate = createStartGate();
  const reverts: RevertParts = {
    config,
    target,
    state,
    spool,
    clock,
    log,
    writerWaitMs,
    stopping: stopping.signal,
    serverMayStart: gate.open,
  };
  const reverter = createReverter(reverts, () => void spool.flush());
  const leases = createLeaseKeeper(state, clock, options.jitter ?? randomInt(200) / 1_000);
  const common = { config, target, store, state, spool, leases, reverter, clock, log };
  const observing = startObserving(common);
  const parts: AgentParts = { ...common, observing };
  const overdue = isOpenChange(state, found) && (found.phase === 'reverting' || leases.expired(found) !== null);
  if (!overdue) gate.open();
  const watch = startWatch(parts, options.contact);
  const candidates = createCandidates(parts);
  return {
    ...createPreparing(parts, candidates),
    ...createAccessing(parts),
    ...createDrifting(parts),
    ...createRehearsing(parts, candidates),
    ...createArming(parts, candidates),
    ...createApplying(parts),
    ...createEnding(parts),
    ...createScoping(parts),
    ...createReverting(parts),
    ...createTelling(parts),
    async ping() {
      const journal = state.journal.read();
      const openChange = isOpenChange(state, journal) ? busyAnswer(journal).holder : null;
      return { agent: `${hostname()}:${process.pid}`, version: options.version, openChange };
    },
    state() {
      const journal = state.journal.read();
      return {
        target: config.target,
        open: isOpenChange(state, journal) ? opened(journal) : null,
        remaining: reverter.remaining(),
      };
    },
    serverMayStart: gate.opened,
    endWaits: () => stopping.abort(),
    async close() {
      stopping.abort();
      gate.open();
      await watch.stop();
      await reverter.idle();
      await Promise.all([
        observing.stop(),
        Promise.race([spool.flush(), sleep(lastFlushMs, undefined, { ref: false })]),
      ]);
      lock.release();
    },
  };

  function opened(journal: Journal): NonNullable<AgentState['open']> {
    const { changeId, workflowId, phase, owner, since } = journal;
    const lease = leases.current(journal);
    const now = clock.now().monotonicMs;
    return {
      changeId,
      workflowId,
      phase,
      owner,
      since,
      contactMs: lease.contactBy - now,
      progressMs: lease.progressBy - now,
    };
  }
}
