/**
 * Where a rollout is and what comes next. Pure: the caller passes the time, does what `nextStep` says, and tells what has
 * happened. Small enough to be handed from run to run.
 */
import type { Outcome } from '../phase.ts';
import type { ReasonCode } from '../result.ts';
import type { AdmittedRollout, Budget, RolloutOutcome, TargetState } from './rollout.ts';

/** `drain`: it is halted, nothing is undone, what is open ends by itself. */
export type RolloutPhase = 'admit' | 'wave' | 'pause' | 'ask' | 'drain' | 'undo' | 'closed';

export interface Entry {
  readonly name: string;
  readonly wave: number;
  readonly state: TargetState;
  /** What it counts as, whatever becomes of it later. */
  readonly fault: 'revert' | 'failure' | null;
  /** Its dependents were red. */
  readonly red: boolean;
  /** The how-manieth that was kept; null: it was not. */
  readonly keptAs: number | null;
  /** Of faults only; shortened. */
  readonly why: string;
  /** It was asked to abort, or is being. */
  readonly abortSent: boolean;
}

export interface Halt {
  readonly cause: keyof Budget | 'abort';
  readonly why: string;
}

export interface RolloutState {
  readonly phase: RolloutPhase;
  readonly wave: number;
  readonly targets: readonly Entry[];
  /** Who has said pause; null: nobody. */
  readonly pausedBy: string | null;
  readonly halt: Halt | null;
  /** Unix ms at which the phase ends by itself; null: it does not. */
  readonly until: number | null;
  /** What open changes are to end with. */
  readonly abortOpen: boolean;
  /** What was counted when somebody said continue in spite of it. */
  readonly forgiven: Budget;
}

export type Step =
  | { readonly kind: 'start' | 'undo' | 'abort'; readonly targets: readonly string[] }
  /** Until something happens, or that Unix ms. */
  | { readonly kind: 'wait'; readonly until: number | null }
  | { readonly kind: 'next-wave' }
  | { readonly kind: 'time-out' }
  | { readonly kind: 'end'; readonly outcome: RolloutOutcome };

export interface ChildEnd {
  readonly outcome: Outcome | 'unknown';
  readonly reason: ReasonCode | null;
  readonly summary: string;
  readonly red: boolean;
}

const nothing: Budget = { reverts: 0, failures: 0, redDependents: 0 };
/** What is handed from run to run must fit into one payload; those that went wrong are few, or it is halted. */
const longestWhy = 160;

export function openState({ waves }: Pick<AdmittedRollout, 'waves'>): RolloutState {
  return {
    phase: 'wave',
    wave: 0,
    targets: waves.flatMap((names, wave) => names.map((name) => entryOf(name, wave))),
    pausedBy: null,
    halt: null,
    until: null,
    abortOpen: false,
    forgiven: nothing,
  };
}

function entryOf(name: string, wave: number): Entry {
  const blank = { fault: null, red: false, keptAs: null, why: '', abortSent: false } as const;
  return { name, wave, state: 'waiting', ...blank };
}

/** A change of it is open. */
export function isOpen({ state }: Entry): boolean {
  return state === 'running' || state === 'lost' || state === 'undoing';
}

const isForwardOpen = ({ state }: Entry): boolean => state === 'running' || state === 'lost';

export function counts({ targets }: RolloutState): Budget {
  return {
    reverts: targets.filter(({ fault }) => fault === 'revert').length,
    failures: targets.filter(({ fault }) => fault === 'failure').length,
    redDependents: targets.filter(({ red }) => red).length,
  };
}

export function nextStep(state: RolloutState, plan: AdmittedRollout, now: number): Step {
  const { phase, targets, until } = state;
  if (state.abortOpen) {
    const toAbort = targets.filter((one) => one.state === 'running' && !one.abortSent);
    if (toAbort.length > 0) return { kind: 'abort', targets: namesOf(toAbort) };
  }
  switch (phase) {
    case 'wave':
      return inWave(state, plan);
    case 'pause':
      if (state.pausedBy !== null) return { kind: 'wait', until: null };
      return until !== null && now >= until ? { kind: 'next-wave' } : { kind: 'wait', until };
    case 'ask':
      return until !== null && now >= until ? { kind: 'time-out' } : { kind: 'wait', until };
    case 'drain':
      return targets.some(isOpen) ? { kind: 'wait', until: null } : { kind: 'end', outcome: 'halted' };
    case 'undo':
      return inUndo(state, plan);
    case 'admit':
    case 'closed':
      return { kind: 'wait', until: null };
    default:
      return phase satisfies never;
  }
}

function inWave({ targets, wave, pausedBy }: RolloutState, { waves, concurrency }: AdmittedRollout): Step {
  const own = targets.filter((one) => one.wave === wave);
  const waiting = own.filter(({ state }) => state === 'waiting');
  const open = targets.filter(isOpen).length;
  if (waiting.length > 0) {
    const free = pausedBy === null ? concurrency - open : 0;
    return free > 0 ? { kind: 'start', targets: namesOf(waiting.slice(0, free)) } : { kind: 'wait', until: null };
  }
  if (open > 0) return { kind: 'wait', until: null };
  return wave + 1 < waves.length ? { kind: 'time-out' } : { kind: 'end', outcome: 'done' };
}

/** The last that was kept goes first. What is still open does not hold up the others: it may take hours. */
function inUndo({ targets }: RolloutState, { concurrency }: AdmittedRollout): Step {
  const kept = targets.filter(({ state }) => state === 'kept').sort((a, b) => (b.keptAs ?? 0) - (a.keptAs ?? 0));
  const free = concurrency - targets.filter(({ state }) => state === 'undoing').length;
  if (kept.length > 0 && free > 0) return { kind: 'undo', targets: namesOf(kept.slice(0, free)) };
  if (kept.length > 0 || targets.some(isOpen)) return { kind: 'wait', until: null };
  return { kind: 'end', outcome: targets.some(({ state }) => state === 'not-undone') ? 'undone-in-part' : 'undone' };
}

function namesOf(targets: readonly Entry[]): readonly string[] {
  return targets.map(({ name }) => name);
}

function changed(state: RolloutState, names: readonly string[], change: (entry: Entry) => Entry): RolloutState {
  return { ...state, targets: state.targets.map((one) => (names.includes(one.name) ? change(one) : one)) };
}

export function began(state: RolloutState, kind: 'start' | 'undo' | 'abort', names: readonly string[]): RolloutState {
  if (kind === 'abort') return changed(state, names, (one) => ({ ...one, abortSent: true }));
  return changed(state, names, (one) => ({ ...one, state: kind === 'start' ? 'running' : 'undoing' }));
}

/** Its workflow has ended without a word: a revert, as far as anybody knows. */
export function lost(state: RolloutState, name: string, plan: AdmittedRollout, now: number): RolloutState {
  const why = 'its workflow was ended from outside; the agent ends the change on its own';
  const next = changed(state, [name], (one) =>
    one.state === 'running' ? { ...one, state: 'lost', fault: 'revert', why } : one,
  );
  return judged(next, name, plan, now);
}

export function ended(
  state: RolloutState,
  name: string,
  end: ChildEnd,
  plan: AdmittedRollout,
  now: number,
): RolloutState {
  const order = state.targets.filter(({ keptAs }) => keptAs !== null).length;
  const next = changed(state, [name], (one) =>
    one.state === 'undoing' ? afterUndo(one, end) : isForwardOpen(one) ? afterChange(one, end, order) : one,
  );
  return judged(next, name, plan, now);
}

function afterChange(one: Entry, { outcome, reason, summary, red }: ChildEnd, order: number): Entry {
  const isWhole = outcome === 'kept' && reason !== 'kept-in-part';
  const isUntouched = outcome === 'rejected' || outcome === 'aborted';
  // Who was aborted because of the others has done nothing wrong.
  const fault = one.fault ?? (isWhole || one.abortSent ? null : isUntouched ? 'failure' : 'revert');
  return {
    ...one,
    state: isUntouched ? 'untouched' : outcome,
    fault,
    red: one.red || (red && !one.abortSent),
    keptAs: outcome === 'kept' ? order : null,
    why: isWhole ? '' : cut(summary),
  };
}

function afterUndo(one: Entry, { outcome, summary }: ChildEnd): Entry {
  return outcome === 'kept' ? { ...one, state: 'undone', why: '' } : { ...one, state: 'not-undone', why: cut(summary) };
}

function cut(text: string): string {
  return text.length <= longestWhy ? text : `${text.slice(0, longestWhy - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Halts as soon as one more has gone wrong than may. */
function judged(state: RolloutState, name: string, plan: AdmittedRollout, now: number): RolloutState {
  if (state.halt !== null || state.phase !== 'wave') return state;
  const { budget } = plan;
  const counted = counts(state);
  for (const cause of ['reverts', 'redDependents', 'failures'] as const) {
    const over = counted[cause] - state.forgiven[cause];
    if (over <= budget[cause]) continue;
    const why = state.targets.find((one) => one.name === name)?.why ?? '';
    const words = { reverts: 'reverted', redDependents: 'with red dependents', failures: 'refused or failed' }[cause];
    const said = `${over} ${words}, at most ${budget[cause]} may be; the last is ${name}${why === '' ? '' : `: ${why}`}`;
    return halted(state, { cause, why: said }, plan, now);
  }
  return state;
}

function halted(state: RolloutState, halt: Halt, { onHalt, askMs }: AdmittedRollout, now: number): RolloutState {
  const next = { ...state, halt, pausedBy: null, until: null, abortOpen: state.abortOpen || halt.cause === 'abort' };
  if (onHalt === 'undo') return undoing(next);
  return onHalt === 'keep' ? { ...next, phase: 'drain' } : { ...next, phase: 'ask', until: now + askMs };
}

function undoing(state: RolloutState): RolloutState {
  return { ...state, phase: 'undo', until: null, abortOpen: true };
}

/** What silence brings: rest after a wave, the next wave after the rest, the undo where nobody has answered. */
export function timedOut(state: RolloutState, { pauseMs }: AdmittedRollout, now: number): RolloutState {
  if (state.phase === 'ask') return undoing(state);
  if (state.phase === 'wave') return { ...state, phase: 'pause', until: pauseMs === null ? null : now + pauseMs };
  return state;
}

export function toNextWave(state: RolloutState): RolloutState {
  return { ...state, phase: 'wave', wave: state.wave + 1, until: null };
}

export const rolloutWords = ['pause', 'resume', 'continue', 'undo', 'keep', 'abort'] as const;
export type RolloutWord = (typeof rolloutWords)[number];

/** The words that would have an effect now. */
export function possibleWords({ phase, pausedBy, abortOpen, halt }: RolloutState): readonly RolloutWord[] {
  switch (phase) {
    case 'wave':
      return [pausedBy === null ? 'pause' : 'resume', 'abort'];
    case 'pause':
      return pausedBy === null ? ['pause', 'continue', 'abort'] : ['resume', 'continue', 'abort'];
    case 'ask':
      return [...(halt?.cause === 'abort' ? [] : (['continue'] as const)), 'undo', 'keep'];
    case 'drain':
      return abortOpen ? ['undo'] : ['undo', 'abort'];
    case 'undo':
      return ['keep'];
    case 'admit':
      return ['abort'];
    case 'closed':
      return [];
    default:
      return phase satisfies never;
  }
}

/** `word` must be possible. */
export function spoke(
  state: RolloutState,
  word: RolloutWord,
  saying: string,
  plan: AdmittedRollout,
  now: number,
): RolloutState {
  switch (word) {
    case 'pause':
      return { ...state, pausedBy: saying };
    case 'resume':
      return { ...state, pausedBy: null };
    case 'continue':
      return state.phase === 'pause'
        ? { ...state, pausedBy: null, until: now }
        : { ...state, phase: 'wave', halt: null, until: null, forgiven: counts(state) };
    case 'undo':
      return undoing(state);
    case 'keep':
      // What is being undone, or aborted, is ended as it is; nothing more is begun.
      return { ...state, phase: 'drain', until: null };
    case 'abort':
      return state.phase === 'drain'
        ? { ...state, abortOpen: true }
        : halted(state, { cause: 'abort', why: `aborted by ${saying}` }, plan, now);
    default:
      return word satisfies never;
  }
}
