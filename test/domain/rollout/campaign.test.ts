/** Thousands of rollouts in which anything happens at any time, by seed: what must hold in each of them, whatever comes. */
import { describe, expect, it } from '@jest/globals';
import { currentText } from './campaign-text.ts';
import { pack, type PackedState, unpack } from '../../../domain/rollout/carry.ts';
import { type Budget, mostTargets, type OnHalt } from '../../../domain/rollout/rollout.ts';
import {
  began,
  type ChildEnd,
  counts,
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
import { aPlan, anEnd } from './builders.ts';

/** mulberry32. */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const outcomes: readonly ChildEnd[] = [
  anEnd({ outcome: 'reverted', reason: 'check-failed', red: true }),
  anEnd({ outcome: 'rejected', reason: 'target-busy' }),
  anEnd({ outcome: 'rejected', reason: 'baseline-red', red: true }),
  anEnd({ outcome: 'abandoned', reason: 'abandoned-by-operator' }),
  anEnd({ outcome: 'unknown', reason: null }),
  anEnd({ reason: 'kept-in-part' }),
];

function campaign(seed: number): string {
  const random = randomOf(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const waves = Array.from({ length: 1 + below(5) }, (_, wave) =>
    Array.from({ length: 1 + below(6) }, (_one, n) => `t${wave}-${n}`),
  );
  const budget: Budget = { reverts: below(3), failures: below(3), redDependents: below(3) };
  const plan = aPlan({
    waves,
    budget,
    concurrency: 1 + below(4),
    pauseMs: pick([0, 1_000, null]),
    onHalt: pick<OnHalt>(['undo', 'keep', 'ask']),
    askMs: 5_000,
  });
  const goesWrong = random() * 0.5;
  const speaks = random() * 0.3;
  let state: RolloutState = openState(plan);
  let now = 0;
  for (let steps = 0; steps < 2_000; steps += 1) {
    // What one run hands to the next is all there is.
    state = unpack(JSON.parse(JSON.stringify(pack(state))) as PackedState, plan);
    expect(currentText(state, plan)).not.toBe('');
    if (random() < speaks) {
      const words = possibleWords(state);
      if (words.length > 0) state = spoke(state, pick(words), 'kim', plan, now);
    }
    const step = nextStep(state, plan, now);
    switch (step.kind) {
      case 'end': {
        expect(state.targets.filter(isOpen)).toEqual([]);
        if (step.outcome === 'done') {
          expect(state.halt).toBeNull();
          expect(state.targets.filter((one) => one.state === 'waiting')).toEqual([]);
        } else expect(state.halt).not.toBeNull();
        if (step.outcome === 'undone')
          expect(state.targets.filter((one) => one.state === 'kept' || one.state === 'not-undone')).toEqual([]);
        return step.outcome;
      }
      case 'start': {
        expect(state.halt).toBeNull();
        expect(state.pausedBy).toBeNull();
        const counted = counts(state);
        for (const what of ['reverts', 'failures', 'redDependents'] as const)
          expect(counted[what] - state.forgiven[what]).toBeLessThanOrEqual(budget[what]);
        for (const one of state.targets) {
          if (one.wave < state.wave) expect(isOpen(one) || one.state === 'waiting').toBe(false);
          if (step.targets.includes(one.name)) expect([one.wave, one.state]).toEqual([state.wave, 'waiting']);
        }
        state = began(state, 'start', step.targets);
        expect(state.targets.filter(isOpen).length).toBeLessThanOrEqual(plan.concurrency);
        break;
      }
      case 'undo': {
        expect(state.halt).not.toBeNull();
        const kept = state.targets.filter((one) => one.state === 'kept').map((one) => one.keptAs ?? -1);
        const first = state.targets.find((one) => one.name === step.targets[0])?.keptAs ?? -1;
        expect(first).toBe(Math.max(...kept));
        state = began(state, 'undo', step.targets);
        expect(state.targets.filter((one) => one.state === 'undoing').length).toBeLessThanOrEqual(plan.concurrency);
        break;
      }
      case 'abort':
        expect(state.halt).not.toBeNull();
        state = began(state, 'abort', step.targets);
        break;
      case 'next-wave':
        expect(state.targets.filter(isOpen)).toEqual([]);
        state = toNextWave(state);
        break;
      case 'time-out':
        state = timedOut(state, plan, now);
        break;
      case 'wait': {
        const open = state.targets.filter(isOpen);
        const one = open.length > 0 && random() < 0.8 ? pick(open) : null;
        if (one !== null) {
          if (one.state === 'running' && random() < 0.03) state = lost(state, one.name, plan, now);
          else {
            const aborted = one.abortSent && random() < 0.8;
            const how = aborted
              ? anEnd({ outcome: 'reverted', reason: 'aborted-by-operator' })
              : random() < goesWrong
                ? pick(outcomes)
                : anEnd();
            state = ended(state, one.name, how, plan, now);
          }
        } else if (step.until !== null) now = Math.max(now, step.until);
        else if (open.length === 0) {
          // Nothing happens by itself: somebody has to be able to do something.
          const words = possibleWords(state);
          expect(words.length).toBeGreaterThan(0);
          state = spoke(state, pick(words), 'kim', plan, now);
        }
        now += below(500);
        break;
      }
      default:
        step satisfies never;
    }
  }
  throw new Error(`seed ${seed} does not end: ${state.phase}`);
}

describe('any rollout', () => {
  it('ends, never does more than it may, and leaves nothing open', () => {
    const seen = new Map<string, number>();
    for (let seed = 1; seed <= 1_200; seed += 1) {
      const outcome = campaign(seed);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    // Each end is met, or the campaign would prove little.
    for (const outcome of ['done', 'undone', 'undone-in-part', 'halted'])
      expect(seen.get(outcome) ?? 0).toBeGreaterThan(20);
  });

  it('hands hardly more over when all are kept than when none has begun', () => {
    const names = Array.from({ length: 200 }, (_, n) => `t${n}`);
    const plan = aPlan({ waves: [names] });
    const waiting = openState(plan);
    const kept = names.reduce((state, name) => ended(state, name, anEnd(), plan, 0), began(waiting, 'start', names));
    const size = (state: RolloutState): number => JSON.stringify(pack(state)).length;
    expect(size(kept) - size(waiting)).toBeLessThan(512);
  });

  it('fits into one payload with as many targets as there may be, half of them gone wrong', () => {
    const names = Array.from({ length: mostTargets }, (_, n) => `a-database-of-a-customer-${n}`);
    const waves = [names.slice(0, mostTargets / 2), names.slice(mostTargets / 2)];
    const plan = aPlan({ waves, concurrency: mostTargets, onHalt: 'keep' });
    let state = began(openState(plan), 'start', names);
    names.forEach((name, n) => {
      const how = n % 2 === 0 ? anEnd() : anEnd({ outcome: 'reverted', summary: 'x'.repeat(300) });
      state = ended(state, name, how, plan, 0);
    });
    expect(JSON.stringify({ plan, state: pack(state) }).length).toBeLessThan(64 * 1024);
  });
});
