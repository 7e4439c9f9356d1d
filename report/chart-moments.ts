/** The moments of a change on a time axis: lines through the picture, numbered above it, named in the list below. */
import { durationText, preciseTimeText } from '../domain/format.ts';
import type { ReportModel } from '../domain/report/report.ts';
import type { Moment, MomentName } from '../domain/report/moments.ts';
import { atOf, round, type TimeAxis } from './chart-scale.ts';
import { markup, type Markup } from './markup.ts';

const shown: readonly MomentName[] = ['armed', 'applied', 'firstFailure', 'decided', 'restored', 'recovered'];

export function shownMoments({ moments }: ReportModel): readonly Moment[] {
  return moments.filter(({ name }) => shown.includes(name));
}

/** Where the change was in force: a tint behind everything. */
export function inForceBand(model: ReportModel, axis: TimeAxis, top: number, bottom: number): Markup | null {
  const { applied, restored } = atOf(model);
  if (applied === null) return null;
  const from = axis.x(applied);
  const to = axis.x(restored ?? axis.to);
  return markup`<rect
    class="in-force"
    x="${round(from)}"
    y="${top}"
    width="${round(Math.max(to - from, 1))}"
    height="${bottom - top}"
  />`;
}

export function momentLines(model: ReportModel, axis: TimeAxis, top: number, bottom: number): readonly Markup[] {
  return shownMoments(model)
    .filter(({ at }) => at >= axis.from)
    .map(({ name, at }) => markup`<path class="moment ${name}" d="M${round(axis.x(at))} ${top}V${bottom}" />`);
}

const radius = 9;

/** Numbers above the picture; those that stand too close move apart and keep a line to their moment. */
export function momentNumbers(model: ReportModel, axis: TimeAxis, y: number, top: number): readonly Markup[] {
  const inside = shownMoments(model).map((moment, index) => ({ ...moment, number: index + 1, x: axis.x(moment.at) }));
  const seen = inside.filter(({ at }) => at >= axis.from);
  const [left = 0, right = 0] = axis.x.range();
  const places = apart(
    seen.map(({ x }) => x),
    left + radius,
    right - radius,
  );
  return seen.map(({ name, number, x }, index) => {
    const at = round(places[index] ?? x);
    return markup`<path class="moment ${name}" d="M${at} ${y + radius}L${round(x)} ${top}" /><circle
        class="number ${name}"
        cx="${at}"
        cy="${y}"
        r="${radius}"
      /><text class="number" x="${at}" y="${y + 4}">${number}</text>`;
  });
}

/** Positions in the same order, at least a circle and a bit apart, within the picture. */
function apart(wanted: readonly number[], left: number, right: number): readonly number[] {
  const gap = 2 * radius + 3;
  const places: number[] = [];
  for (const x of wanted) places.push(Math.max(x, (places.at(-1) ?? left - gap) + gap));
  for (let index = places.length - 1, limit = right; index >= 0; index -= 1, limit -= gap)
    places[index] = Math.min(places[index] ?? limit, limit);
  return places;
}

export function momentList(model: ReportModel): Markup {
  const start = atOf(model).applied ?? atOf(model).started;
  const entry = ({ name, label, at }: Moment, index: number): Markup =>
    markup`<li class="${name}">
      <b aria-hidden="true">${index + 1}</b> ${label}
      <time>${preciseTimeText(at)}</time>${at > start ? markup` <span>+${durationText(at - start)}</span>` : null}
    </li>`;
  return markup`<ol class="moments">
    ${shownMoments(model).map(entry)}
  </ol>`;
}
