/** The signs of the measurements: told apart by shape as well as by colour. */
import * as Plot from '@observablehq/plot';
import type { Sample } from '../domain/check.ts';
import { icon } from './chart.ts';
import { markup, type Markup } from './markup.ts';

export type MarkKind = 'pass' | 'fail' | 'forgiven' | 'unknown';

export function kindOf({ mark, forgiven }: Sample): MarkKind {
  if (mark === 'pass') return 'pass';
  if (forgiven === true) return 'forgiven';
  return mark === 'fail' ? 'fail' : 'unknown';
}

/** Failures last, so that nothing covers them. */
const signs: Readonly<Record<MarkKind, Plot.DotOptions>> = {
  pass: { symbol: 'circle', r: 2.5, fill: 'var(--pass)' },
  unknown: { symbol: 'triangle', r: 4, stroke: 'var(--none)' },
  forgiven: { symbol: 'circle', r: 3.2, stroke: 'var(--warn)' },
  fail: { symbol: 'times', r: 3.6, stroke: 'var(--fail)', strokeWidth: 2.2 },
};

const names: Readonly<Record<MarkKind, string>> = {
  pass: 'pass',
  fail: 'fail',
  forgiven: 'while settling, not counted',
  unknown: 'not measurable',
};

/** `place`: the point in pixels at which a measurement is drawn; of those that fall together one is. */
export function signsOf(
  samples: readonly Sample[],
  place: (sample: Sample) => readonly [x: number, y: number],
  channels: Plot.DotOptions,
): readonly Plot.Markish[] {
  return (Object.keys(signs) as MarkKind[]).map((kind) => {
    const seen = new Map(
      samples.filter((sample) => kindOf(sample) === kind).map((sample) => [place(sample).map(coarsely).join(), sample]),
    );
    return Plot.dot([...seen.values()], { ...channels, ...signs[kind] });
  });
}

/** Half of the smallest sign. */
const coarsely = (pixels: number): number => Math.round(pixels / 2.5);

export function legend(samples: readonly Sample[]): Markup {
  const seen = new Set(samples.map(kindOf));
  const kinds = (Object.keys(names) as MarkKind[]).filter((kind) => seen.has(kind));
  return markup`<ul class="legend">
    ${kinds.map((kind) => markup`<li>${icon(Plot.dot([0], { ...signs[kind], frameAnchor: 'middle' }))} ${names[kind]}</li>`)}
  </ul>`;
}
