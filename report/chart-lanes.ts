/** The whole change in one picture: a lane a check, time from left to right, the moments through all of them. */
import * as Plot from '@observablehq/plot';
import { countText } from '../domain/format.ts';
import { withoutTricks } from '../domain/html.ts';
import { shorten } from '../domain/markdown.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { drawn } from './chart.ts';
import { across, overTime, storyOf } from './chart-time.ts';
import { signsOf } from './marks.ts';
import type { Markup } from './markup.ts';

const laneHeight = 38;
/** More than any lane holds; what is cut where a lane ends is cut letter by letter. */
const longestName = 200;

/** Drawn at the width it will have, so that its words keep their size on a phone. */
export function lanesChart(model: ReportModel, width: number, id: string): Markup {
  const { checks } = model;
  const story = storyOf(model);
  const frame = { width, left: 6, right: 6 };
  const x = across(story, frame);
  const lanes = checks.map(({ name, series }, lane) => ({
    lane,
    name: shorten(withoutTricks(name), longestName),
    series,
  }));
  const options = overTime(model, frame, [
    Plot.ruleY(lanes, { y: ({ lane }: { lane: number }) => lane + 1, stroke: 'var(--line)' }),
    Plot.text(lanes, {
      y: 'lane',
      text: 'name',
      frameAnchor: 'left',
      dx: 2,
      dy: 10,
      // In ems: a name longer than its lane would run out of the picture.
      lineWidth: (width - 16) / 12,
      textOverflow: 'ellipsis',
      fontSize: 12,
      stroke: 'var(--card)',
      fill: 'currentColor',
    }),
    ...lanes.flatMap(({ lane, series }) =>
      signsOf(
        series.filter(({ at }) => at >= story.from),
        ({ at }) => [x(at), 0],
        { x: 'at', y: () => lane + 0.68 },
      ),
    ),
  ]);
  return drawn({
    ...options,
    id,
    title: 'Every measurement of every check over time',
    description: descriptionOf(model),
    height: (options.marginTop ?? 0) + (options.marginBottom ?? 0) + Math.max(checks.length, 1) * laneHeight,
    y: { domain: [0, Math.max(checks.length, 1)], reverse: true, axis: null },
  });
}

function descriptionOf({ checks, moments }: ReportModel): string {
  const each = checks.map(
    ({ name, during, state }) =>
      `${name}: ${countText(during?.fails ?? 0, 'failure')} in ${countText(during?.measured ?? 0, 'measurement')} while the change was in force, in the end ${state}`,
  );
  return [...each, `moments: ${moments.map(({ label }) => label).join(', ')}`].join('; ');
}
