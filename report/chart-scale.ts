/** What all pictures of a report share: one time axis, the moments on it, and coordinates short enough to embed. */
import { scaleLinear, scaleLog, scaleUtc, type ScaleLinear, type ScaleLogarithmic } from 'd3-scale';
import type { ReportModel } from '../domain/report/report.ts';
import type { MomentName } from '../domain/report/moments.ts';
import { timeText } from '../domain/format.ts';
import { markup, type Markup } from './markup.ts';

export interface TimeAxis {
  readonly from: number;
  readonly to: number;
  readonly x: ScaleLinear<number, number>;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** What happened before the picture begins, for example hours of waiting for an approval. */
  readonly clipped: boolean;
}

/** The part of the story that was measured: a long wait before `arm` would squeeze the rest into a line. */
export function timeAxis(model: ReportModel, left: number, right: number): TimeAxis {
  const { started, armed, closed } = atOf(model);
  const times = model.checks.flatMap(({ series }) => series.map(({ at }) => at));
  const to = Math.max(closed, ...lastOf(times));
  const first = Math.min(started, ...firstOf(times));
  const story = to - (armed ?? started);
  const from = armed === null ? first : Math.max(first, armed - Math.max(20_000, story / 3));
  const wide = Math.max(to - from, 1_000);
  const margin = wide * 0.02;
  const domain: [number, number] = [from - margin, from + wide + margin];
  const count = Math.max(2, Math.floor((right - left) / 110));
  return {
    from: domain[0],
    to: domain[1],
    x: scaleLinear().domain(domain).range([left, right]),
    ticks: scaleUtc()
      .domain(domain)
      .ticks(count)
      .map((date) => ({ at: date.getTime(), label: timeText(date.getTime()).replace(/ UTC$/, '') })),
    clipped: first < from,
  };
}

// Not by spreading: a long series has more elements than a call may have arguments.
const firstOf = (times: readonly number[]): readonly number[] =>
  times.length === 0 ? [] : [times.reduce((a, b) => Math.min(a, b))];
const lastOf = (times: readonly number[]): readonly number[] =>
  times.length === 0 ? [] : [times.reduce((a, b) => Math.max(a, b))];

type At = { readonly [name in MomentName]: number | null } & { readonly started: number; readonly closed: number };

export function atOf({ moments }: ReportModel): At {
  const at = (name: MomentName): number | null => moments.find((moment) => moment.name === name)?.at ?? null;
  return {
    started: at('started') ?? 0,
    armed: at('armed'),
    applied: at('applied'),
    firstFailure: at('firstFailure'),
    decided: at('decided'),
    restored: at('restored'),
    recovered: at('recovered'),
    closed: at('closed') ?? 0,
  };
}

/** From 1 ms to beyond the slowest: a denial answers in milliseconds, a timeout in seconds. */
export function latencyScale(slowestMs: number, top: number, bottom: number): ScaleLogarithmic<number, number> {
  return scaleLog()
    .domain([1, 10 ** Math.max(1, Math.ceil(Math.log10(Math.max(slowestMs, 1.01))))])
    .range([bottom, top])
    .clamp(true);
}

/** A time's label, kept within the picture at both ends. */
export function tickLabel(axis: TimeAxis, at: number, label: string, y: number): Markup {
  const [left = 0, right = 0] = axis.x.range();
  const x = axis.x(at);
  const anchor = x - left < 28 ? 'start' : right - x < 28 ? 'end' : 'middle';
  return markup`<text class="tick" text-anchor="${anchor}" x="${round(x)}" y="${y}">${label}</text>`;
}

/** One decimal is a tenth of a pixel: enough, and a third of the bytes. */
export const round = (value: number): number => Math.round(value * 10) / 10;
