/** The whole change in one picture: a lane a check, time from left to right, the moments through all of them. */
import { countText } from '../domain/format.ts';
import type { ReportModel } from '../domain/report/report.ts';
import type { CheckReport } from '../domain/report/checks.ts';
import { marks } from './chart-marks.ts';
import { inForceBand, momentLines, momentNumbers } from './chart-moments.ts';
import { round, tickLabel, timeAxis } from './chart-scale.ts';
import { markup, type Markup } from './markup.ts';

const laneHeight = 38;
const top = 40;

/** Drawn at the width it will have, so that its words keep their size on a phone. */
export function lanesChart(model: ReportModel, width: number, id: string): Markup {
  const axis = timeAxis(model, 6, width - 6);
  const bottom = top + Math.max(model.checks.length, 1) * laneHeight;
  return markup`<svg
    class="chart"
    viewBox="0 0 ${width} ${bottom + 26}"
    role="img"
    aria-labelledby="${id}-title ${id}-desc"
  >
    <title id="${id}-title">Every measurement of every check over time</title>
    <desc id="${id}-desc">${descriptionOf(model)}</desc>
    ${inForceBand(model, axis, top, bottom)}
    ${axis.ticks.map(({ at, label }) => markup`<path class="grid" d="M${round(axis.x(at))} ${top}V${bottom}" />${tickLabel(axis, at, label, bottom + 17)}`)}
    ${momentLines(model, axis, top, bottom)} ${momentNumbers(model, axis, 14, top)}
    ${model.checks.map((check, index) => lane(check, index, width, axis.x))}
  </svg>`;
}

function lane(check: CheckReport, index: number, width: number, x: (at: number) => number): Markup {
  const y = top + index * laneHeight;
  const middle = y + 25;
  const visible = check.series.filter(({ at }) => x(at) >= 0);
  // A name longer than its lane would run out of the picture.
  const most = Math.floor((width - 12) / 7.2);
  const name = check.name.length > most ? `${check.name.slice(0, most - 1)}…` : check.name;
  return markup`<path
      class="lane"
      d="M6 ${y + laneHeight}H${width - 6}"
    />${marks(visible, ({ at }) => [x(at), middle])}<text class="lane-name" x="8" y="${y + 14}">${name}</text>`;
}

function descriptionOf({ checks, moments }: ReportModel): string {
  const each = checks.map(
    ({ name, during, state }) =>
      `${name}: ${countText(during?.fails ?? 0, 'failure')} in ${countText(during?.measured ?? 0, 'measurement')} while the change was in force, in the end ${state}`,
  );
  return [...each, `moments: ${moments.map(({ label }) => label).join(', ')}`].join('; ');
}
