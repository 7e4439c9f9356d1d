/** This run's own bar, enlarged: what its seconds were spent on. Pure. */
import type { Colors, Formatter } from 'picocolors/types.js';
import { durationText } from '../domain/format.ts';
import type { Moments } from './timeline.ts';

interface Part {
  readonly text: string;
  readonly ms: number;
  readonly look: Look;
}

/** A glyph of its own as well: not every terminal has colours. */
interface Look {
  readonly glyph: string;
  readonly paint: Formatter;
}

const barWidth = 56;
const indent = ' '.repeat(12);

/** The bar, and below it what each part of it was; parts without a length are left out. */
export function renderEnlarged(moments: Moments, { cyan, red, yellow, green }: Colors): string[] {
  const { started, armed, applied, firstFailure, decided, restored, closed } = moments;
  const from = armed ?? started;
  const suffering = firstFailure ?? decided;
  const marks: readonly (readonly [number | null, string, Look])[] =
    restored === null
      ? [
          [applied, 'upgrade', { glyph: '▒', paint: cyan }],
          [closed, 'watched', { glyph: '░', paint: green }],
        ]
      : [
          [suffering, 'upgrade', { glyph: '▒', paint: cyan }],
          [restored, 'broken', { glyph: '█', paint: red }],
          [closed, 'recovering', { glyph: '░', paint: yellow }],
        ];
  const parts = partsBetween(from, marks);
  const totalMs = parts.reduce((sum, { ms }) => sum + ms, 0);
  return [
    `  enlarged  ${parts.map(({ ms, look }) => look.paint(look.glyph.repeat(cells(ms, totalMs)))).join('')}`,
    indent + parts.map(({ text, ms, look }) => look.paint(`${look.glyph} ${text} ${durationText(ms)}`)).join('   '),
  ];
}

function partsBetween(from: number, marks: readonly (readonly [number | null, string, Look])[]): Part[] {
  const parts: Part[] = [];
  let since = from;
  for (const [until, text, look] of marks) {
    if (until === null || until <= since) continue;
    parts.push({ text, ms: until - since, look });
    since = until;
  }
  return parts;
}

const cells = (ms: number, totalMs: number): number => Math.max(1, Math.round((ms / totalMs) * barWidth));
