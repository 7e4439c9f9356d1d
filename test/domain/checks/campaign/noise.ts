/** What latencies and metrics of healthy services do all day: each kind of noise as a function of time, from a seed. */
import { diceOf } from '../../../chaos/dice.ts';

/** Seconds since the apply, negative before it. */
export type Signal = (second: number) => number;

export interface Random {
  /** Above 0, below 1. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  poisson(mean: number): number;
  within(lowest: number, highest: number): number;
}

export function randomOf(seed: number, index: number): Random {
  const dice = diceOf(seed, index);
  const uniform = (): number => dice.between(1, 999_999_999) / 1e9;
  // Box and Muller.
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    within: (lowest, highest) => lowest + (highest - lowest) * uniform(),
    // Knuth; of many, hardly another than the normal distribution.
    poisson: (mean) => {
      if (mean > 20) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = uniform(); product > limit; product *= uniform()) count += 1;
      return count;
    },
  };
}

/** Seconds around the apply: the baseline, or what Prometheus remembers; soak and hold. */
const [fromBaseline, fromWindow, until] = [-150, -2_000, 1_100];

/** A value every `step` seconds, looked up. */
function recorded(from: number, next: (second: number) => number, step = 1): Signal {
  const values = Array.from({ length: Math.ceil((until - from) / step) }, (_, at) => next(from + at * step));
  return (second) => values[Math.min(Math.max(Math.floor((second - from) / step), 0), values.length - 1)] ?? 0;
}

/** Ornstein-Uhlenbeck: wanders about 0 with that deviation, and forgets within about `forgets` seconds. */
function wandering(random: Random, from: number, deviation: number, forgets: number): Signal {
  const step = 5;
  const keep = Math.exp(-step / forgets);
  let level = random.normal() * deviation;
  return recorded(from, () => (level = level * keep + random.normal() * deviation * Math.sqrt(1 - keep ** 2)), step);
}

/** Bursts of random length at random times, 1 while in one. */
function bursts(
  random: Random,
  from: number,
  apart: readonly [number, number],
  long: readonly [number, number],
): Signal {
  let [begins, ends] = [from + random.within(0, apart[1]), from];
  return recorded(from, (second) => {
    if (second >= begins) {
      ends = begins + random.within(...long);
      begins = ends + random.within(...apart);
    }
    return second < ends ? 1 : 0;
  });
}

/** Log-normal about 1, as answers of most services are. */
const spread = (random: Random, sigma: number): number => Math.exp(sigma * random.normal());
/** Pareto with an infinite variance: a retry, a lock, a packet lost twice. */
const tail = (random: Random): number => 3 * random.uniform() ** (-1 / 1.5);

/** Milliseconds of one answer about `middle`; each kind of noise with what else all services have. */
export const latencies: Readonly<Record<string, (random: Random, middle: number) => Signal>> = {
  'log-normal, σ 0.4': (random, middle) => () => middle * spread(random, 0.4),
  'log-normal, σ 0.8': (random, middle) => () => middle * spread(random, 0.8),
  'heavy tail: 5 % of answers 3 to 100 times as slow': (random, middle) => () =>
    middle * spread(random, 0.4) * (random.uniform() < 0.05 ? Math.min(tail(random), 100) : 1),
  'load that wanders by 15 % (autocorrelated over 90 s)': (random, middle) => {
    const load = wandering(random, fromBaseline, 0.15, 90);
    return (second) => middle * Math.exp(load(second)) * spread(random, 0.3);
  },
  'morning rise: up to 60 % an hour': (random, middle) => {
    const hourly = random.within(-0.6, 0.6);
    return (second) => middle * (1 + (hourly * second) / 3_600) * spread(random, 0.35);
  },
  'garbage collection: pauses of 0.2 to 2 s, every 10 to 40 s': (random, middle) => {
    const pausing = bursts(random, fromBaseline, [10, 40], [0.2, 2]);
    // Who comes in a pause waits for the rest of it.
    return (second) => middle * spread(random, 0.35) + pausing(second) * random.within(0, 2_000);
  },
  'checkpoints: 15 to 45 s of four times as slow, every 3 to 6 min': (random, middle) => {
    const busy = bursts(random, fromBaseline, [180, 360], [15, 45]);
    return (second) => middle * (busy(second) === 1 ? 4 : 1) * spread(random, 0.35);
  },
  'cold caches after a reload: five times as slow, gone after a minute': (random, middle) => (second) =>
    middle * (second < 0 ? 1 : 1 + 4 * Math.exp(-second / 15)) * spread(random, 0.35),
  'cold caches after a restart: eight times as slow, gone after two minutes': (random, middle) => (second) =>
    middle * (second < 0 ? 1 : 1 + 7 * Math.exp(-second / 40)) * spread(random, 0.35),
  'a bit of all of them': (random, middle) => {
    const load = wandering(random, fromBaseline, 0.1, 90);
    const busy = bursts(random, fromBaseline, [180, 360], [10, 30]);
    const hourly = random.within(-0.3, 0.3);
    return (second) =>
      middle *
      Math.exp(load(second)) *
      (1 + (hourly * second) / 3_600) *
      (busy(second) === 1 ? 3 : 1) *
      (second < 0 ? 1 : 1 + 3 * Math.exp(-second / 15)) *
      spread(random, 0.4) *
      (random.uniform() < 0.03 ? Math.min(tail(random), 100) : 1);
  },
};

/** A minute of events, as `rate(…[1m])` sees them, a second. `perMinute`: how many are expected then. */
function rateOf(random: Random, perMinute: Signal): Signal {
  let all = 0;
  const step = 5;
  const soFar = recorded(fromWindow, (second) => (all += random.poisson((perMinute(second) * step) / 60)), step);
  return (second) => (soFar(second) - soFar(second - 60)) / 60;
}

export interface Metric {
  readonly worse: 'higher' | 'lower';
  /** The least difference that matters: three errors a minute, five connections. */
  readonly plus: number;
  /** `times`: by how much it is worse from the apply on; 1: healthy. */
  signal(random: Random, times: number): Signal;
}

/** From when on the change makes it worse. */
const since = (times: number, second: number): number => (second < 0 ? 1 : times);

export const metrics: Readonly<Record<string, Metric>> = {
  'errors, 60 a minute (Poisson)': {
    worse: 'higher',
    plus: 0.05,
    signal: (random, times) => rateOf(random, (second) => 60 * since(times, second)),
  },
  'errors, 10 a minute (Poisson)': {
    worse: 'higher',
    plus: 0.05,
    signal: (random, times) => rateOf(random, (second) => 10 * since(times, second)),
  },
  'errors, 2 a minute (Poisson)': {
    worse: 'higher',
    plus: 0.05,
    signal: (random, times) => rateOf(random, (second) => 2 * since(times, second)),
  },
  'errors, one in ten minutes (Poisson)': {
    worse: 'higher',
    plus: 0.05,
    signal: (random, times) => rateOf(random, (second) => 0.1 * since(times, second)),
  },
  'errors in bursts: 6 a minute, and 60 a minute for 10 to 30 s': {
    worse: 'higher',
    plus: 0.05,
    signal: (random, times) => {
      const bad = bursts(random, fromWindow, [240, 600], [10, 30]);
      return rateOf(random, (second) => (bad(second) === 1 ? 60 : 6) * since(times, second));
    },
  },
  'a gauge that drifts: 10 % in ten minutes, and up to 40 % an hour': {
    worse: 'higher',
    plus: 5,
    signal: (random, times) => {
      const level = wandering(random, fromWindow, 0.1, 600);
      const hourly = random.within(-0.4, 0.4);
      return (second) => 50 * Math.exp(level(second)) * (1 + (hourly * second) / 3_600) * since(times, second);
    },
  },
  'a gauge with a wave of 30 % every 20 minutes': {
    worse: 'higher',
    plus: 5,
    signal: (random, times) => {
      const phase = random.within(0, 2 * Math.PI);
      return (second) =>
        50 * (1 + 0.3 * Math.sin(phase + (2 * Math.PI * second) / 1_200)) * spread(random, 0.05) * since(times, second);
    },
  },
  'uploads, 100 a minute, wandering by 15 %; fewer are worse': {
    worse: 'lower',
    plus: 0,
    signal: (random, times) => {
      const load = wandering(random, fromWindow, 0.15, 300);
      return rateOf(random, (second) => 100 * Math.exp(load(second)) * since(1 / times, second));
    },
  },
};
