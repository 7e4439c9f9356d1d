/** Hundreds of simulated changes, healthy and not, and the tables of docs/checks.md. */
import type { CheckSpec } from '../../../../domain/check.ts';
import { durationText } from '../../../../domain/format.ts';
import { markdownTable } from '../../../../domain/markdown.ts';
import { aHttpCheck, aPrometheusCheck } from '../../../probes/builders.ts';
import { latencies, metrics, randomOf, type Random } from './noise.ts';
import { simulate, type Ending, type Simulated } from './simulate.ts';

/** Another one is another campaign, and other tables. */
export const seed = 20_240_412;
/** Of each kind. */
const changes = 100;

const minuteMs = 60_000;
/** The defaults of knowngood.yaml. */
const policy = { soakMs: 10 * minuteMs, holdMs: 5 * minuteMs };
const latency = { worse: 'higher', factor: 2, plus: 20, samples: 30, forMs: minuteMs } as const;
const comparison = { factor: 2, samples: 20, forMs: 2 * minuteMs } as const;
const windowMs = 30 * minuteMs;
const mostRemembered = 60;

export interface Row {
  readonly what: string;
  readonly runs: readonly { readonly noise: string; readonly ending: Ending }[];
}

/** Which noise the change of that number in its row meets. */
type NoiseOf = (index: number) => string;
type Simulate = (noise: string, random: Random, index: number) => Simulated;

function row(at: number, what: string, noiseOf: NoiseOf, of: Simulate): Row {
  const runs = Array.from({ length: changes }, (_, index) => {
    const noise = noiseOf(index);
    return { noise, ending: simulate(of(noise, randomOf(seed, at * changes + index), index)) };
  });
  return { what, runs };
}

const oneOf = <T>(all: readonly T[], index: number): T => all[index % all.length] as T;

const intervalsMs = [1_000, 2_000, 5_000, 10_000, 10_000];

/** Checks of every pace; `times`: by how much answers are slower from the apply on. */
function slower(kind: string, random: Random, index: number, times: number, fastestMs: number): Simulated {
  const middle = fastestMs * (300 / fastestMs) ** random.uniform();
  const signal = latencies[kind]!(random, middle);
  const intervalMs = oneOf(intervalsMs, index);
  return {
    check: aHttpCheck({ latency, intervalMs }),
    signal: (second) => signal(second) * (second < 0 ? 1 : times),
    settleMs: kind.includes('restart') ? minuteMs : 0,
    ...policy,
  };
}

function worse(kind: string, random: Random, index: number, times: number): Simulated {
  const { worse: direction, plus, signal: signalOf } = metrics[kind]!;
  const intervalMs = oneOf([10_000, 15_000], index);
  const check: CheckSpec = aPrometheusCheck({
    comparison: { ...comparison, worse: direction, plus },
    intervalMs,
    windowMs,
  });
  const signal = signalOf(random, times);
  const stepMs = Math.max(intervalMs, windowMs / mostRemembered);
  const past = Array.from({ length: mostRemembered }, (_, back) =>
    Number(signal(-40 - (back * stepMs) / 1_000).toPrecision(6)),
  ).reverse();
  return { check, signal, past, settleMs: 0, ...policy };
}

const rowOfEach = (kinds: object, of: Simulate): readonly Row[] =>
  Object.keys(kinds).map((noise, at) => row(at, noise, () => noise, of));

export const healthyLatencies = (): readonly Row[] =>
  rowOfEach(latencies, (noise, random, index) => slower(noise, random, index, 1, 3));

export const healthyMetrics = (): readonly Row[] =>
  rowOfEach(metrics, (noise, random, index) => worse(noise, random, index, 1));

/** Each size in all kinds of noise, in turn; a kind meets every interval. */
export const slowerLatencies = (sizes: readonly number[]): readonly Row[] =>
  sizes.map((times, at) =>
    row(
      at,
      `${times} times`,
      (index) => oneOf(Object.keys(latencies), Math.floor(index / intervalsMs.length)),
      (noise, random, index) => slower(noise, random, index, times, 30),
    ),
  );

/** In all kinds that have enough to count; and errors that begin. */
export const worseMetrics = (sizes: readonly number[]): readonly Row[] => {
  const kinds = Object.keys(metrics).filter((kind) => !/ 2 a minute|one in ten/.test(kind));
  const rare = 'errors, one in ten minutes (Poisson)';
  return [
    ...sizes.map((times, at) =>
      row(
        at,
        `${times} times`,
        (index) => oneOf(kinds, index),
        (noise, random, index) => worse(noise, random, index, times),
      ),
    ),
    row(
      sizes.length,
      'errors, from one in ten minutes to 10 a minute',
      () => rare,
      (noise, random, index) => worse(noise, random, index, 100),
    ),
  ];
};

const reverted = ({ runs }: Row) => runs.flatMap(({ ending }) => (ending.kind === 'reverted' ? [ending.atMs] : []));
const held = ({ runs }: Row, then: 'kept' | 'reverted'): number =>
  runs.filter(({ ending }) => ending.kind === 'held' && ending.then === then).length;

/** By a verdict, or because nobody decided a hold. */
export const lost = (row: Row): number => reverted(row).length + held(row, 'reverted');
export const found = (row: Row): number => reverted(row).length;

export function healthyTable(rows: readonly Row[]): string {
  return markdownTable({
    head: ['noise', 'healthy changes', 'reverted', 'held, then kept', 'held, then reverted'],
    rows: rows.map((row) => [
      row.what,
      ...[row.runs.length, reverted(row).length, held(row, 'kept'), held(row, 'reverted')].map(String),
    ]),
  });
}

export function foundTable(rows: readonly Row[], head: string): string {
  return markdownTable({
    head: [head, 'changes', 'reverted in the soak', 'held at its end', 'median', '95 %', 'longest', 'not found in'],
    rows: rows.map((row) => {
      const times = reverted(row).sort((a, b) => a - b);
      const at = (share: number): string => {
        const value = times[Math.min(times.length - 1, Math.floor(share * times.length))];
        return value === undefined ? '–' : durationText(value);
      };
      const helds = held(row, 'kept') + held(row, 'reverted');
      return [row.what, `${row.runs.length}`, `${times.length}`, `${helds}`, at(0.5), at(0.95), at(1), missedIn(row)];
    }),
  });
}

/** The noise by its name, and how often, the most frequent first. */
function missedIn({ runs }: Row): string {
  const counts = new Map<string, number>();
  for (const { noise, ending } of runs)
    if (ending.kind !== 'reverted') counts.set(nameOf(noise), (counts.get(nameOf(noise)) ?? 0) + 1);
  const all = [...counts].sort(([, a], [, b]) => b - a).map(([noise, count]) => `${noise} (${count})`);
  return all.length > 4 ? `${all.length} kinds` : all.join(', ') || '–';
}

/** Without its numbers. */
const nameOf = (noise: string): string => noise.split(': ')[0] ?? noise;
