/** Two outages on one scale of three hours: the sliver is ours. */
import type { Comparison } from '../domain/report/april-12.ts';
import { durationText, preciseTimeText } from '../domain/format.ts';
import { round } from './chart-scale.ts';
import { markup, type Markup } from './markup.ts';

const width = 1_000;
const height = 26;

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
  const x = (ms: number): number => round((ms / thenMs) * width);
  const parts = moments
    .slice(1)
    .map(({ thenMs: to, label }, index) => ({ from: moments[index]?.thenMs ?? 0, to, label }));
  const then = parts.map(
    ({ from, to, label }, index) =>
      markup`<rect
        class="then part-${index}"
        x="${x(from)}"
        y="0"
        width="${Math.max(x(to) - x(from) - 1, 1)}"
        height="${height}"
        ><title>until: ${label}</title></rect
      >`,
  );
  // A few seconds of three hours would not be seen at all.
  const now = markup`<rect
    class="now"
    x="0"
    y="0"
    width="${Math.min(Math.max(x(nowMs ?? 0), 4), width)}"
    height="${height}"
  />`;
  return markup`${bar('then', `April 12, 2024 · ${durationText(thenMs)}`, then)}${nowMs === null ? null : bar('now', `Now · ${durationText(nowMs)}`, [now])}`;
}

const bar = (id: string, name: string, inside: readonly Markup[]): Markup =>
  markup`<p class="bar-name" id="bar-${id}">${name}</p>
    <svg class="bar" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-labelledby="bar-${id}">
      ${inside}
    </svg>`;

const elapsed = (ms: number): Markup | null => (ms === 0 ? null : markup` <small>+${durationText(ms)}</small>`);
