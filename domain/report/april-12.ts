/** The outage of 2024-04-12, three hours long, as the team wrote it down: what a guarded change is set beside. */
import type { ReportInput } from './input.ts';

export interface ComparedMoment {
  readonly label: string;
  /** Clock time of the day, as the write-up has it. */
  readonly thenClock: string;
  /** Since the change was made, in ms. */
  readonly thenMs: number;
  /** Unix ms; null: not reached, or nobody had to go there. */
  readonly nowAt: number | null;
  readonly nowMs: number | null;
}

export interface Comparison {
  readonly title: string;
  readonly thenMs: number;
  /** Change made → all clear; null while a part of it is unknown. */
  readonly nowMs: number | null;
  readonly moments: readonly ComparedMoment[];
}

const minuteMs = 60_000;

type Told = readonly [
  clock: string,
  minutes: number,
  label: string,
  moment: 'applied' | 'firstFailure' | 'decided' | 'restored' | 'recovered' | null,
];

const told: readonly Told[] = [
  ['10:00', 0, 'Change in force', 'applied'],
  ['10:15', 15, 'Failure noticed', 'firstFailure'],
  ['10:30', 30, 'CDN suspected, innocent', null],
  ['11:30', 90, 'Cause found, decision', 'decided'],
  ['12:00', 120, 'Known-good configuration back', 'restored'],
  ['13:00', 180, 'All clear', 'recovered'],
];

export function comparisonOf({ result: { moments } }: ReportInput): Comparison {
  const start = moments.applied ?? moments.armed;
  const compared = told.map(([thenClock, minutes, label, name]): ComparedMoment => {
    const nowAt = name === null ? null : name === 'applied' ? start : moments[name];
    const nowMs = nowAt === null || start === null || nowAt < start ? null : nowAt - start;
    return { label, thenClock, thenMs: minutes * minuteMs, nowAt, nowMs };
  });
  return {
    title: 'Beside April 12, 2024',
    thenMs: 180 * minuteMs,
    nowMs: compared.at(-1)?.nowMs ?? null,
    moments: compared,
  };
}
