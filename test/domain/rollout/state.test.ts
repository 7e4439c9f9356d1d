import { describe, expect, it } from '@jest/globals';
import type { AdmittedRollout } from '../../../domain/rollout/rollout.ts';
import {
  began,
  type ChildEnd,
  ended,
  isOpen,
  lost,
  nextStep,
  openState,
  possibleWords,
  type RolloutState,
  spoke,
  timedOut,
  toNextWave,
} from '../../../domain/rollout/state.ts';
import { aPlan, anEnd, refused, reverted } from './builders.ts';

/** Does what comes next, until something from outside is waited for. */
function run(
  state: RolloutState,
  plan: AdmittedRollout,
  now = 0,
): { state: RolloutState; step: ReturnType<typeof nextStep> } {
  for (;;) {
    const step = nextStep(state, plan, now);
    if (step.kind === 'start' || step.kind === 'undo' || step.kind === 'abort')
      state = began(state, step.kind, step.targets);
    else if (step.kind === 'time-out') state = timedOut(state, plan, now);
    else if (step.kind === 'next-wave') state = toNextWave(state);
    else return { state, step };
  }
}

function open(plan: AdmittedRollout): RolloutState {
  return run(openState(plan), plan).state;
}

function end(state: RolloutState, plan: AdmittedRollout, name: string, how: ChildEnd = anEnd(), now = 0): RolloutState {
  return run(ended(state, name, how, plan, now), plan, now).state;
}

const at = (state: RolloutState): string => state.targets.map((one) => `${one.name} ${one.state}`).join(', ');

describe('a rollout', () => {
  it('begins with its canary alone', () => {
    expect(at(open(aPlan()))).toBe('a running, b waiting, c waiting, d waiting');
  });

  it('begins a wave only when the one before is kept, and ends with the last', () => {
    const plan = aPlan();
    let state = end(open(plan), plan, 'a');
    expect(at(state)).toBe('a kept, b running, c running, d waiting');
    state = end(end(end(state, plan, 'c'), plan, 'b'), plan, 'd');
    expect(run(state, plan).step).toEqual({ kind: 'end', outcome: 'done' });
  });

  it('has no more changes open than it may', () => {
    const plan = aPlan({ waves: [['a', 'b', 'c']], concurrency: 2 });
    expect(at(open(plan))).toBe('a running, b running, c waiting');
    expect(at(end(open(plan), plan, 'b'))).toBe('a running, b kept, c running');
  });

  it('halts on the first revert, aborts what is open, and undoes the last that was kept first', () => {
    const plan = aPlan({ waves: [['a'], ['b', 'c', 'd']], concurrency: 3 });
    let state = end(open(plan), plan, 'a');
    state = end(state, plan, 'c');
    const halted = ended(state, 'b', reverted, plan, 0);
    expect(nextStep(halted, plan, 0)).toEqual({ kind: 'abort', targets: ['d'] });
    expect(nextStep(began(halted, 'abort', ['d']), plan, 0)).toEqual({ kind: 'undo', targets: ['c', 'a'] });
    const one = { ...plan, concurrency: 1 };
    expect(nextStep(began(halted, 'abort', ['d']), one, 0)).toEqual({ kind: 'undo', targets: ['c'] });
    state = end(run(halted, plan).state, plan, 'd', anEnd({ outcome: 'reverted', reason: 'aborted-by-operator' }));
    state = end(end(state, plan, 'a'), plan, 'c');
    expect(at(state)).toBe('a undone, b reverted, c undone, d reverted');
    expect(run(state, plan).step).toEqual({ kind: 'end', outcome: 'undone' });
  });

  it('also undoes what was kept although it was to be aborted', () => {
    const plan = aPlan({ waves: [['a', 'b']] });
    let state = end(open(plan), plan, 'a', reverted);
    state = end(state, plan, 'b');
    expect(at(state)).toBe('a reverted, b undoing');
  });

  it('says what could not be undone', () => {
    const plan = aPlan();
    let state = end(end(open(plan), plan, 'a'), plan, 'b', reverted);
    state = end(state, plan, 'c', anEnd({ outcome: 'aborted', reason: 'aborted-by-operator' }));
    state = end(state, plan, 'a', refused);
    expect(run(state, plan).step).toEqual({ kind: 'end', outcome: 'undone-in-part' });
    expect(state.targets[0]).toMatchObject({ state: 'not-undone', why: 'target has an open change' });
  });

  it('lets what is open end when those that kept the change keep it', () => {
    const plan = aPlan({ onHalt: 'keep', waves: [['a', 'b'], ['c']] });
    const state = end(open(plan), plan, 'a', reverted);
    expect(run(state, plan).step).toEqual({ kind: 'wait', until: null });
    expect(run(end(state, plan, 'b'), plan).step).toEqual({ kind: 'end', outcome: 'halted' });
  });

  for (const [what, plan, ends, want] of [
    ['a revert within the budget', { budget: { reverts: 1, failures: 0, redDependents: 1 } }, [reverted], null],
    [
      'red dependents beyond theirs',
      { budget: { reverts: 1, failures: 0, redDependents: 0 } },
      [reverted],
      'redDependents',
    ],
    ['a refusal beyond the budget', {}, [refused], 'failures'],
    ['a refusal within the budget', { budget: { reverts: 0, failures: 1, redDependents: 0 } }, [refused], null],
    ['one refusal more', { budget: { reverts: 0, failures: 1, redDependents: 0 } }, [refused, refused], 'failures'],
    ['a change kept in part', {}, [anEnd({ reason: 'kept-in-part' })], 'reverts'],
    [
      'a revert that a person took over',
      {},
      [anEnd({ outcome: 'abandoned', reason: 'abandoned-by-operator' })],
      'reverts',
    ],
    ['an end that nobody knows', {}, [anEnd({ outcome: 'unknown', reason: null })], 'reverts'],
  ] as const) {
    it(`${want === null ? 'goes on after' : 'is halted by'} ${what}`, () => {
      const whole = aPlan({ waves: [['a', 'b', 'c']], concurrency: 3, ...plan });
      let state = open(whole);
      ends.forEach((how, which) => (state = end(state, whole, ['a', 'b'][which] ?? '', how)));
      expect(state.halt?.cause ?? null).toBe(want);
    });
  }

  it('is halted at once by a child that was terminated, and takes its end when the agent has told it', () => {
    const plan = aPlan({ onHalt: 'keep' });
    const state = lost(open(plan), 'a', plan, 0);
    expect(state.halt?.cause).toBe('reverts');
    expect(state.targets.filter(isOpen)).toHaveLength(1);
    expect(at(end(state, plan, 'a', reverted))).toMatch(/^a reverted/);
  });

  it('asks, and takes silence for undo', () => {
    const plan = aPlan({ onHalt: 'ask' });
    const state = end(end(open(plan), plan, 'a'), plan, 'b', reverted, 1_000);
    expect(run(state, plan, 1_000).step).toEqual({ kind: 'wait', until: 61_000 });
    expect(possibleWords(state)).toEqual(['continue', 'undo', 'keep']);
    expect(run(state, plan, 61_000).state.phase).toBe('undo');
  });

  it('goes on in spite of what went wrong, and counts anew', () => {
    const plan = aPlan({ onHalt: 'ask' });
    let state = end(end(open(plan), plan, 'a'), plan, 'b', reverted);
    state = run(spoke(state, 'continue', 'kim: fine', plan, 0), plan).state;
    expect(state.halt).toBeNull();
    state = end(state, plan, 'c');
    expect(at(state)).toBe('a kept, b reverted, c kept, d running');
    expect(end(state, plan, 'd', reverted).phase).toBe('ask');
  });

  it('pauses and resumes in mid-wave', () => {
    const plan = aPlan({ waves: [['a', 'b', 'c']], concurrency: 1 });
    let state = spoke(open(plan), 'pause', 'kim', plan, 0);
    state = end(state, plan, 'a');
    expect(at(state)).toBe('a kept, b waiting, c waiting');
    expect(at(run(spoke(state, 'resume', 'kim', plan, 0), plan).state)).toBe('a kept, b running, c waiting');
  });

  it('waits between waves for its pause, or for somebody who says continue', () => {
    const plan = aPlan({ pauseMs: 5_000 });
    const state = end(open(plan), plan, 'a', anEnd(), 1_000);
    expect(run(state, plan, 1_000).step).toEqual({ kind: 'wait', until: 6_000 });
    expect(at(run(state, plan, 6_000).state)).toMatch(/b running/);
    const manual = aPlan({ pauseMs: null });
    const waiting = end(open(manual), manual, 'a');
    expect(run(waiting, manual, 1e12).step).toEqual({ kind: 'wait', until: null });
    expect(at(run(spoke(waiting, 'continue', 'kim', manual, 7), manual, 7).state)).toMatch(/b running/);
  });

  it('aborts what is open when somebody says so, also while it keeps the others', () => {
    const plan = aPlan({ onHalt: 'keep', waves: [['a', 'b']] });
    const state = spoke(end(open(plan), plan, 'a'), 'abort', 'kim: no', plan, 0);
    expect(nextStep(state, plan, 0)).toEqual({ kind: 'abort', targets: ['b'] });
    const after = end(run(state, plan).state, plan, 'b', anEnd({ outcome: 'reverted', reason: 'aborted-by-operator' }));
    expect(run(after, plan).step).toEqual({ kind: 'end', outcome: 'halted' });
  });

  it('ends an undo where somebody says keep', () => {
    const plan = aPlan({ concurrency: 1, waves: [['a'], ['b'], ['c']] });
    let state = end(end(end(open(plan), plan, 'a'), plan, 'b'), plan, 'c', reverted);
    expect(at(state)).toBe('a kept, b undoing, c reverted');
    state = end(spoke(state, 'keep', 'kim', plan, 0), plan, 'b');
    expect(at(state)).toBe('a kept, b undone, c reverted');
    expect(run(state, plan).step).toEqual({ kind: 'end', outcome: 'halted' });
  });
});
