/** What the pictures over time share: the part of the story that they show, and its moments. */
import * as Plot from '@observablehq/plot';
import { timeText } from '../domain/format.ts';
import type { Moment } from '../domain/report/moments.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { momentAt, shownMoments } from './moments.ts';

export interface Story {
  readonly from: number;
  readonly to: number;
  /** Something happened before the picture begins, for example hours of waiting for an approval. */
  readonly clipped: boolean;
}

/** The part that was measured: a long wait before `arm` would squeeze the rest into a line. */
export function storyOf(model: ReportModel): Story {
  const ends = model.checks.flatMap(({ series }) => [...series.slice(0, 1), ...series.slice(-1)]);
  const times = [...model.moments, ...ends].map(({ at }) => at);
  const [first, to] = [Math.min(...times), Math.max(...times)];
  const armed = momentAt(model, 'armed');
  const from = armed === null ? first : Math.max(first, armed - Math.max(20_000, (to - armed) / 3));
  const wide = Math.max(to - from, 1_000);
  return { from: from - wide * 0.02, to: from + wide * 1.02, clipped: first < from };
}

export interface Frame {
  readonly width: number;
  readonly left: number;
  readonly right: number;
}

/** Pixels from the left. */
export function across({ from, to }: Story, { width, left, right }: Frame): (at: number) => number {
  return (at) => left + ((at - from) / (to - from)) * (width - left - right);
}

const radius = 9;
/** From the number down to the picture. */
const leader = 15;

/** Time from left to right: the change in force as a tint, the moments as lines with their numbers above, then `marks`. */
export function overTime(model: ReportModel, frame: Frame, marks: readonly Plot.Markish[]): Plot.PlotOptions {
  const story = storyOf(model);
  const { width, left, right } = frame;
  const x = across(story, frame);
  const seen = shownMoments(model)
    .map((moment, index) => ({ ...moment, number: String(index + 1), x: x(moment.at) }))
    .filter(({ at }) => at >= story.from);
  const places = apart(
    seen.map((moment) => moment.x),
    left + radius,
    width - right - radius,
  );
  const numbers = seen.map((moment, index) => ({
    ...moment,
    dx: moment.x - (places[index] ?? 0),
    place: places[index],
  }));
  const applied = momentAt(model, 'applied');
  const inForce = applied === null ? [] : [{ from: applied, to: momentAt(model, 'restored') ?? story.to }];
  const colour = ({ name }: Moment): string => `var(--${name})`;
  const atNumber = { x: { value: 'place', scale: null }, frameAnchor: 'top', dy: -leader - radius } as const;
  return {
    width,
    marginTop: leader + 2 * radius + 6,
    marginRight: right,
    marginBottom: 24,
    marginLeft: left,
    x: { type: 'utc', domain: [story.from, story.to] },
    color: { type: 'identity' },
    marks: [
      Plot.rectX(inForce, { x1: 'from', x2: 'to', fill: 'var(--force)' }),
      Plot.ruleX(seen, { x: 'at', stroke: colour, strokeWidth: 1.2 }),
      Plot.vector(numbers, {
        ...atNumber,
        dy: -leader,
        anchor: 'start',
        shape: { draw: (context, length) => (context.moveTo(0, 0), context.lineTo(0, -length)) },
        length: ({ dx }: { dx: number }) => Math.hypot(dx, leader),
        rotate: ({ dx }: { dx: number }) => (Math.atan2(dx, -leader) * 180) / Math.PI,
        stroke: colour,
        strokeWidth: 1.2,
      }),
      Plot.dot(numbers, { ...atNumber, r: radius, fill: colour }),
      Plot.text(numbers, {
        ...atNumber,
        text: 'number',
        lineAnchor: 'middle',
        fill: 'var(--card)',
        fontSize: 11,
        fontWeight: 700,
      }),
      Plot.axisX({
        ticks: Math.max(2, Math.floor((width - left - right) / 110)),
        tickFormat: (date: Date) => timeText(date.getTime()).replace(/ UTC$/, ''),
        tickSize: 0,
        label: null,
        fill: 'var(--soft)',
        fontSize: 11,
      }),
      ...marks,
    ],
    length: { type: 'identity' },
  };
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
