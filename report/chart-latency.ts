/** One check: how long each measurement took, and how it ended. */
import * as Plot from '@observablehq/plot';
import type { Sample } from '../domain/check.ts';
import { durationText } from '../domain/format.ts';
import type { CheckReport } from '../domain/report/checks.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { drawn } from './chart.ts';
import { across, overTime, storyOf } from './chart-time.ts';
import { signsOf } from './marks.ts';
import type { Markup } from './markup.ts';

/** As wide as on a phone, so that its words keep their size there. */
const frame = { width: 340, left: 50, right: 8 };

export function latencyChart(model: ReportModel, check: CheckReport, id: string): Markup {
  const story = storyOf(model);
  const x = across(story, frame);
  const seen = check.series.filter(({ at }) => at >= story.from);
  const slowestMs = seen.reduce((most, { latencyMs }) => Math.max(most, latencyMs), 1);
  // From 1 ms to beyond the slowest: a denial answers in milliseconds, a timeout in seconds.
  const decades = Array.from({ length: Math.max(1, Math.ceil(Math.log10(slowestMs))) + 1 }, (_, power) => 10 ** power);
  const latency = ({ latencyMs }: Sample): number => Math.max(latencyMs, 1);
  return drawn({
    ...overTime(model, frame, [
      Plot.gridY(decades, { stroke: 'var(--line)', strokeOpacity: 1 }),
      Plot.axisY(decades, { tickFormat: durationText, tickSize: 0, label: null, fill: 'var(--soft)', fontSize: 11 }),
      // The line breaks where a measurement did not pass: nothing is known between.
      Plot.lineY(seen, {
        x: 'at',
        y: (sample: Sample) => (sample.mark === 'pass' ? latency(sample) : Number.NaN),
        stroke: 'var(--pass)',
        strokeWidth: 1,
        strokeOpacity: 0.45,
      }),
      ...signsOf(seen, (sample) => [x(sample.at), 40 * Math.log10(latency(sample))], { x: 'at', y: latency }),
    ]),
    id,
    title: `Latency of ${check.name} over time`,
    description: descriptionOf(check, slowestMs),
    height: 150,
    y: { type: 'log', domain: [1, decades.at(-1) ?? 10], inset: 6 },
  });
}

function descriptionOf({ before, during, after }: CheckReport, slowestMs: number): string {
  const part = (name: string, stretch: CheckReport['before']): string =>
    stretch === null ? `${name} not measured` : `${name} ${stretch.passes} of ${stretch.measured} passed`;
  return `${part('before', before)}; ${part('in force', during)}; ${part('after', after)}; slowest ${durationText(slowestMs)}`;
}
