/** Two outages on one scale of three hours: the sliver is ours. */
import type { Comparison } from '../domain/april-12.ts';
import { durationText, preciseTimeText } from '../domain/format.ts';
import { html, type Markup } from './markup.ts';

const width = 600;
const barHeight = 26;

export function comparisonPart(comparison: Comparison): Markup {
  return html`<section class="comparison" aria-labelledby="comparison">
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
              html`<tr>
                <th scope="row">${label}</th>
                <td>${thenClock} <small>+${durationText(thenMs)}</small></td>
                <td>
                  ${nowAt === null || nowMs === null ? '–' : html`${preciseTimeText(nowAt)} <small>+${durationText(nowMs)}</small>`}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function bars({ moments, thenMs, nowMs }: Comparison): Markup {
  const x = (ms: number): number => Math.round((ms / thenMs) * width * 10) / 10;
  const parts = moments.slice(1).map(({ thenMs: to }, index) => ({ from: moments[index]?.thenMs ?? 0, to }));
  const now = Math.max(x(nowMs ?? 0), 2);
  return html`<svg class="chart bars" viewBox="0 0 ${width} 112" role="img" aria-labelledby="bars-title bars-desc">
    <title id="bars-title">Duration then and now</title>
    <desc id="bars-desc">
      April 12: ${durationText(thenMs)}. Now: ${nowMs === null ? 'not known' : durationText(nowMs)}.
    </desc>
    <text class="bar-name" x="0" y="13">April 12, 2024 · ${durationText(thenMs)}</text>
    ${parts.map(({ from, to }, index) => html`<rect class="then part-${index}" x="${x(from)}" y="20" width="${Math.max(x(to) - x(from) - 1, 1)}" height="${barHeight}" />`)}
    ${nowMs === null ? null : html`<text class="bar-name" x="0" y="73">Now · ${durationText(nowMs)}</text><rect class="now" x="0" y="80" width="${Math.min(now, width)}" height="${barHeight}" />`}
  </svg>`;
}
