/** One check: how long each measurement took, and how it ended. */
import { line } from 'd3-shape';
import { durationText } from '../domain/format.ts';
import type { Sample } from '../domain/check.ts';
import type { ReportModel } from '../domain/report/report.ts';
import type { CheckReport } from '../domain/report/checks.ts';
import { marks } from './chart-marks.ts';
import { inForceBand, momentLines, momentNumbers } from './chart-moments.ts';
import { latencyScale, round, tickLabel, timeAxis } from './chart-scale.ts';
import { markup, type Markup } from './markup.ts';

const width = 400;
const height = 150;
const left = 46;
const top = 30;
const bottom = height - 22;

export function latencyChart(model: ReportModel, check: CheckReport, id: string): Markup {
  const axis = timeAxis(model, left, width - 8);
  const seen = check.series.filter(({ at }) => at >= axis.from);
  const slowest = seen.reduce((most, { latencyMs }) => Math.max(most, latencyMs), 1);
  const y = latencyScale(slowest, top + 6, bottom - 6);
  const place = ({ at, latencyMs }: Sample): [number, number] => [round(axis.x(at)), round(y(Math.max(latencyMs, 1)))];
  // The line breaks where a measurement did not pass: nothing is known between.
  const draw = line<Sample>(
    (sample) => place(sample)[0],
    (sample) => place(sample)[1],
  ).defined(({ mark }) => mark === 'pass');
  const decades = y.ticks().filter((ms) => Number.isInteger(Math.log10(ms)));
  return markup`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
    <title id="${id}-title">Latency of ${check.name} over time</title>
    <desc id="${id}-desc">${descriptionOf(check, slowest)}</desc>
    ${inForceBand(model, axis, top, bottom)}
    ${decades.map((ms) => markup`<path class="grid" d="M${left} ${round(y(ms))}H${width - 8}" /><text class="latency" x="${left - 6}" y="${round(y(ms)) + 4}">${durationText(ms)}</text>`)}
    ${axis.ticks.map(({ at, label }) => tickLabel(axis, at, label, height - 6))}
    ${momentLines(model, axis, top, bottom)} ${momentNumbers(model, axis, 10, top)}
    <path class="latency-line" d="${draw(seen) ?? ''}" />
    ${marks(seen, place)}
  </svg>`;
}

function descriptionOf({ before, during, after }: CheckReport, slowestMs: number): string {
  const part = (name: string, stretch: CheckReport['before']): string =>
    stretch === null ? `${name} not measured` : `${name} ${stretch.passes} of ${stretch.measured} passed`;
  return `${part('before', before)}; ${part('in force', during)}; ${part('after', after)}; slowest ${durationText(slowestMs)}`;
}
