/**
 * The journal: what the agent remembers of the one change on its target, and which step may follow which. Pure; the
 * agent's `journal-file.ts` keeps it on disk, and nothing is written to a target that this file did not allow.
 */
import type { Asked } from './access/impact.ts';
import type { LeaseRecord, LeaseTerms } from './lease.ts';
import type { JournalPhase } from './phase.ts';
import type { HeldRuling, NeverReopen } from './never-reopen.ts';
import type { PlanSummary } from './plan.ts';
import type { ReasonCode } from './result.ts';
import type { WayBack } from './ways-back.ts';

export type OpenPhase = Exclude<JournalPhase, FinalPhase>;
export type FinalPhase = 'reverted' | 'confirmed' | 'abandoned';

export interface Journal {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  /** Run id that may act; `pastOwners` are fenced for ever. */
  readonly owner: string;
  readonly pastOwners: readonly string[];
  /** Grows with every change of owner or direction: the token that each write compares before it happens. */
  readonly epoch: number;
  readonly phase: JournalPhase;
  /** Unix ms of the first arm. */
  readonly since: number;
  readonly changeKind: 'config' | 'command' | 'external';
  readonly planHash: string;
  /** Id of S. */
  readonly snapshotId: string;
  /** The change may have written; false proves that it has not. */
  readonly touched: boolean;
  /** Names (sha256) of the sealed bodies. `baseline` is written once. */
  readonly refs: { readonly baseline: string; readonly change: string | null };
  readonly witnesses: readonly JournalWitness[];
  readonly policy: LeaseTerms & {
    readonly quietMs: number;
    readonly revertMayRestart: boolean;
    /** Of knowngood.yaml. Absent in journals of older agents. */
    readonly neverReopen?: NeverReopen;
  };
  readonly lease: LeaseRecord;
  /** Which life of the server was armed; another one at `applied` means that it was restarted. null: not known. */
  readonly incarnation: string | null;
  /** As they were found when it was armed. Absent in journals of older agents. */
  readonly waysBack?: readonly WayBack[];
  /** Who must still get in. Absent in journals of older agents. */
  readonly asked?: readonly Asked[];
  readonly command: JournaledCommand | null;
  readonly applied: AppliedRecord | null;
  readonly revert: RevertRecord | null;
  /** The command that puts the old server back, of the newest attempt; absent: never started. */
  readonly undo?: JournaledCommand;
  /** The newest word on what the revert holds back; absent: none was said. */
  readonly ruling?: JournaledRuling;
}

export interface JournaledRuling extends HeldRuling {
  /** What it was found to be about, and from then on is about, whatever is left of it; null: not looked at yet. */
  readonly items: readonly string[] | null;
}

export interface JournalWitness {
  readonly user: string;
  readonly database: string;
  readonly sourceAddress: string | null;
  readonly tls: boolean;
}

/** Written before the command starts; its presence means that it is never started again. */
export interface JournaledCommand {
  readonly name: string;
  readonly pgid: number;
  /** Start of the group's leader in clock ticks since boot: tells it from a later process with the same number. */
  readonly startTicks: number | null;
  readonly bootId: string;
  /** null: not seen to end. -1: ended by a signal. */
  readonly exitCode: number | null;
}

/** What `apply` answered, kept for whoever asks again. */
export interface AppliedRecord {
  readonly snapshotId: string;
  readonly acceptingAt: number;
  readonly restarted: boolean;
  readonly plan: PlanSummary;
  readonly exitCode: number | null;
  /** Items that a failing check has taken back since; absent: none. */
  readonly takenBack?: readonly string[];
}

export interface RevertRecord {
  readonly reason: ReasonCode;
  /** `workflow`, `agent: contact lost`, `rescue on the host`. */
  readonly by: string;
  /** Unix ms. */
  readonly at: number;
  /** Somebody may still be writing: re-revert until it has been quiet. */
  readonly pipelineUnfinished: boolean;
}

/** What stays of a change for ever: its end. */
export interface ClosedRecord {
  readonly changeId: string;
  readonly phase: FinalPhase;
  readonly by: string;
  readonly reason: ReasonCode;
  readonly snapshotId: string | null;
  /** Unix ms. */
  readonly at: number;
}

/** What a caller finds before anything is done for it. */
export type Gate =
  | { readonly kind: 'closed'; readonly closed: ClosedRecord }
  | { readonly kind: 'busy'; readonly journal: Journal }
  | { readonly kind: 'free' }
  | { readonly kind: 'stale'; readonly journal: Journal }
  /** `journal` has the caller as its owner; with `takenOver` it is yet to be written. */
  | { readonly kind: 'open'; readonly journal: Journal; readonly takenOver: boolean };

export function isOpen(journal: Journal | null): journal is Journal {
  return journal !== null && !isFinal(journal.phase);
}

export function isFinal(phase: JournalPhase): phase is FinalPhase {
  return phase === 'reverted' || phase === 'confirmed' || phase === 'abandoned';
}

/** The one door. A run id never seen before with the same change id takes over; a past owner never comes back. */
export function gate(
  journal: Journal | null,
  closed: ClosedRecord | null,
  caller: { readonly changeId: string; readonly runId: string },
): Gate {
  if (closed !== null) return { kind: 'closed', closed };
  if (!isOpen(journal)) return { kind: 'free' };
  if (journal.changeId !== caller.changeId) return { kind: 'busy', journal };
  if (journal.owner === caller.runId) return { kind: 'open', journal, takenOver: false };
  if (journal.pastOwners.includes(caller.runId)) return { kind: 'stale', journal };
  return { kind: 'open', journal: takenOver(journal, caller.runId), takenOver: true };
}

function takenOver(journal: Journal, runId: string): Journal {
  const pastOwners = [...journal.pastOwners, journal.owner];
  return { ...journal, owner: runId, pastOwners, epoch: journal.epoch + 1 };
}

/** Persisted before the first write. */
export function applying(journal: Journal): Journal {
  return { ...must(journal, 'armed'), phase: 'applying', touched: true, epoch: journal.epoch + 1 };
}

export function commandStarting(journal: Journal, command: JournaledCommand): Journal {
  if (journal.command !== null) throw new Error(`command ${journal.command.name} was started already`);
  return { ...must(journal, 'applying'), command };
}

export function commandEnded(journal: Journal, exitCode: number): Journal {
  return journal.command === null ? journal : { ...journal, command: { ...journal.command, exitCode } };
}

/** One attempt after the other, until one of them ended well. */
export function undoStarting(journal: Journal, undo: JournaledCommand): Journal {
  if (journal.undo?.exitCode === 0) throw new Error('the old server was put back already');
  return { ...must(journal, 'reverting'), undo };
}

export function undoEnded(journal: Journal, exitCode: number): Journal {
  return journal.undo === undefined ? journal : { ...journal, undo: { ...journal.undo, exitCode } };
}

/** An external change comes here from `armed`: the pipeline wrote, not the agent. */
export function appliedAs(journal: Journal, applied: AppliedRecord, changeRef: string): Journal {
  const from = journal.changeKind === 'external' ? 'armed' : 'applying';
  const refs = { ...journal.refs, change: changeRef };
  return { ...must(journal, from), phase: 'applied', touched: true, refs, applied, epoch: journal.epoch + 1 };
}

/** Some items are back to S, the rest stays in force: what is in force now is C. */
export function partlyReverted(
  journal: Journal,
  changeRef: string,
  { snapshotId, acceptingAt, items }: { snapshotId: string; acceptingAt: number; items: readonly string[] },
): Journal {
  const { applied } = must(journal, 'applied');
  const takenBack = [...new Set([...(applied?.takenBack ?? []), ...items])];
  return {
    ...journal,
    refs: { ...journal.refs, change: changeRef },
    applied: applied === null ? null : { ...applied, snapshotId, acceptingAt, takenBack },
    epoch: journal.epoch + 1,
  };
}

/** From anywhere open; a revert that runs already keeps its reason, and learns at most that the pipeline has ended. */
export function reverting(journal: Journal, revert: RevertRecord): Journal {
  if (journal.phase === 'reverting' && journal.revert !== null) {
    const pipelineUnfinished = journal.revert.pipelineUnfinished && revert.pipelineUnfinished;
    if (pipelineUnfinished === journal.revert.pipelineUnfinished) return journal;
    return { ...journal, revert: { ...journal.revert, pipelineUnfinished } };
  }
  if (isFinal(journal.phase)) throw new Error(`change ${journal.changeId} is ${journal.phase} already`);
  return { ...journal, phase: 'reverting', revert, epoch: journal.epoch + 1 };
}

/** `items` null: said, and not looked at yet. One that says what was said before, signature and all, changes nothing. */
export function ruled(journal: Journal, ruling: HeldRuling, items: readonly string[] | null = null): Journal {
  const { ruling: known } = journal;
  const isSame = known?.hash === ruling.hash && known.allow === ruling.allow && known.signature === ruling.signature;
  if (items === null && isSame) return journal;
  return { ...journal, ruling: { ...ruling, items } };
}

/** Another process goes on with the revert: whoever was at it is fenced. */
export function revertTakenBy(journal: Journal, revert: RevertRecord): Journal {
  if (journal.phase !== 'reverting') return reverting(journal, revert);
  return { ...journal, revert, epoch: journal.epoch + 1 };
}

export function closedAs(journal: Journal, phase: FinalPhase): Journal {
  const allowed = phase === 'confirmed' ? journal.phase === 'applied' : !isFinal(journal.phase);
  if (!allowed) throw new Error(`change ${journal.changeId} cannot be ${phase} from ${journal.phase}`);
  return { ...journal, phase, epoch: journal.epoch + 1 };
}

/** May the holder of this token write now? */
export function mayWrite(
  journal: Journal | null,
  token: { readonly changeId: string; readonly epoch: number },
): boolean {
  return isOpen(journal) && journal.changeId === token.changeId && journal.epoch === token.epoch;
}

/**
 * A journal read from the generation before, the newest one being unreadable: what it does not know is assumed at its
 * worst, so that a command is never started twice and a write never denied.
 */
export function fromPreviousGeneration(journal: Journal): Journal {
  if (isFinal(journal.phase)) return journal;
  const cutOff = journal.phase === 'armed' && journal.changeKind !== 'external';
  return { ...journal, phase: cutOff ? 'applying' : journal.phase, touched: true, epoch: journal.epoch + lostEpochs };
}

/** More than the lost generation can have been ahead, so that no token from it is valid by chance. */
const lostEpochs = 1_000;

function must(journal: Journal, phase: JournalPhase): Journal {
  if (journal.phase === phase) return journal;
  throw new Error(`change ${journal.changeId} is ${journal.phase}, not ${phase}`);
}
