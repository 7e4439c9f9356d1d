/** This run's own bar, enlarged: what its seconds were spent on. Pure. */
import type { Colors, Formatter } from 'picocolors/types.js';
import { durationText } from '../domain/format.ts';
import type { Moments } from './timeline.ts';

/** A glyph of its own beside the colour: not every terminal has colours. */
interface Part {
  readonly text: string;
  readonly ms: number;
  readonly glyph: string;
  readonly paint: Formatter;
}

type Mark = readonly [until: number | null, text: string, glyph: string, paint: Formatter];

const barWidth = 56;
const indent = ' '.repeat(12);

/** The bar, and below it what each part of it was. */
export function renderEnlarged(moments: Moments, colors: Colors): string[] {
  const parts = partsOf(moments, colors);
  const totalMs = parts.reduce((sum, { ms }) => sum + ms, 0);
  return [
    `  enlarged  ${parts.map(({ ms, glyph, paint }) => paint(glyph.repeat(cells(ms, totalMs)))).join('')}`,
    indent + parts.map(({ text, ms, glyph, paint }) => paint(`${glyph} ${text} ${durationText(ms)}`)).join('  '),
  ];
}

/** A part that was not reached, or took no time, is left out: the next one begins where the last ended. */
function partsOf(moments: Moments, { cyan, red, magenta, yellow, green }: Colors): Part[] {
  const { started, armed, applied, firstFailure, decided, restored, closed } = moments;
  const kept: readonly Mark[] = [
    [applied, 'change', '▒', cyan],
    [closed, 'watched', '░', green],
  ];
  const reverted: readonly Mark[] = [
    [firstFailure ?? decided, 'change', '▒', cyan],
    [decided, 'broken', '█', red],
    [restored, 'revert', '▓', magenta],
    [closed, 'recovery', '░', yellow],
  ];
  const parts: Part[] = [];
  let since = armed ?? started;
  for (const [until, text, glyph, paint] of restored === null ? kept : reverted) {
    if (until === null || until <= since) continue;
    parts.push({ text, ms: until - since, glyph, paint });
    since = until;
  }
  return parts;
}

const cells = (ms: number, totalMs: number): number => Math.max(1, Math.round((ms / totalMs) * barWidth));
