/** The signs of the measurements: told apart by shape as well as by colour, one SVG path a kind. */
import type { Sample } from '../domain/check.ts';
import { markup, type Markup } from './markup.ts';
import { round } from './chart-scale.ts';

export type MarkKind = 'pass' | 'fail' | 'forgiven' | 'unknown';

export function kindOf({ mark, forgiven }: Sample): MarkKind {
  if (mark === 'pass') return 'pass';
  if (forgiven === true) return 'forgiven';
  return mark === 'fail' ? 'fail' : 'unknown';
}

export const markNames: Readonly<Record<MarkKind, string>> = {
  pass: 'pass',
  fail: 'fail',
  forgiven: 'while settling, not counted',
  unknown: 'not measurable',
};

/** Round caps turn a line of no length into a dot. */
const shapes: Readonly<Record<MarkKind, (x: number, y: number) => string>> = {
  pass: (x, y) => `M${x} ${y}h0`,
  fail: (x, y) => `M${round(x - 3.5)} ${round(y - 3.5)}l7 7m0-7l-7 7`,
  forgiven: (x, y) => `M${round(x - 3)} ${y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0`,
  unknown: (x, y) => `M${x} ${round(y - 3.5)}l3.5 6h-7z`,
};

/** `place` gives a sample's point. Points that fall together are drawn once. */
export function marks(
  samples: readonly Sample[],
  place: (sample: Sample) => readonly [number, number],
): readonly Markup[] {
  // Failures last, so that nothing covers them.
  return (['pass', 'unknown', 'forgiven', 'fail'] as const).flatMap((kind) => {
    const points = samples.filter((sample) => kindOf(sample) === kind).map((sample) => place(sample).map(round));
    const path = [...new Set(points.map(([x = 0, y = 0]) => shapes[kind](x, y)))].join('');
    return path === '' ? [] : [markup`<path class="mark ${kind}" d="${path}" />`];
  });
}

export function legend(kinds: readonly MarkKind[]): Markup {
  const entry = (kind: MarkKind): Markup =>
    markup`<li>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        <path class="mark ${kind}" d="${shapes[kind](7, 7)}" />
      </svg>
      ${markNames[kind]}
    </li>`;
  return markup`<ul class="legend">
    ${kinds.map(entry)}
  </ul>`;
}
