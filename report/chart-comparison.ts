/** Two outages on one scale of three hours: the sliver is ours. */
import * as Plot from '@observablehq/plot';
import type { Comparison } from '../domain/report/april-12.ts';
import { durationText, preciseTimeText } from '../domain/format.ts';
import { drawn } from './chart.ts';
import { markup, type Markup } from './markup.ts';

export function comparisonPart(comparison: Comparison): Markup {
  return markup`<section class="comparison" aria-labelledby="comparison">
    <h3 id="comparison">${comparison.title}</h3>
    <p>
      The same kind of outage, found and undone by hand, took ${durationText(comparison.thenMs)}. This one took
      ${comparison.nowMs === null ? 'as long as shown' : durationText(comparison.nowMs)}.
    </p>
    ${bars(comparison)}
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Moment</th>
            <th scope="col">April 12</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          ${comparison.moments.map(
            ({ label, thenClock, thenMs, nowAt, nowMs }) =>
              markup`<tr>
                <th scope="row">${label}</th>
                <td>${thenClock}${elapsed(thenMs)}</td>
                <td>${nowAt === null || nowMs === null ? '–' : markup`${preciseTimeText(nowAt)}${elapsed(nowMs)}`}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function bars({ moments, thenMs, nowMs }: Comparison): Markup {
  const then = moments.slice(1).map(({ thenMs: to }, index) => ({ from: moments[index]?.thenMs ?? 0, to, index }));
  const told = moments.map(({ label, thenClock }) => `${thenClock} ${label}`).join('; ');
  const was = Plot.rectX(then, { x1: 'from', x2: 'to', fill: 'var(--none)', fillOpacity: shade, insetRight: 1 });
  // A few seconds of three hours would not be seen at all.
  const is = Plot.rectX([Math.max(nowMs ?? 0, thenMs / 250)], {
    x1: 0,
    x2: (ms: number) => ms,
    fill: 'var(--restore)',
  });
  return markup`${bar('then', thenMs, `April 12, 2024 · ${durationText(thenMs)}`, told, was)}${nowMs === null ? null : bar('now', thenMs, `Now · ${durationText(nowMs)}`, 'on the same scale', is)}`;
}

const shade = ({ index }: { readonly index: number }): number => [0.55, 0.75, 0.75, 0.4, 0.25][index] ?? 0.25;

function bar(name: string, scaleMs: number, title: string, description: string, mark: Plot.Markish): Markup {
  const scales = { x: { domain: [0, scaleMs], axis: null, clamp: true }, opacity: { type: 'identity' } } as const;
  return markup`<p class="bar-name" aria-hidden="true">${title}</p>
    ${drawn({ id: `bar-${name}`, title, description, className: 'bar', width: 880, height: 26, margin: 0, ...scales, marks: [mark] })}`;
}

const elapsed = (ms: number): Markup | null => (ms === 0 ? null : markup` <small>+${durationText(ms)}</small>`);
