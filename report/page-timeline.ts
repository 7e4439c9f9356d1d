/** What happened when: one picture of all checks, then every line that was recorded. */
import { preciseTimeText } from '../domain/format.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { lanesChart } from './chart-lanes.ts';
import { storyOf } from './chart-time.ts';
import { legend } from './marks.ts';
import { markup, type Markup } from './markup.ts';
import { momentList } from './moments.ts';

export function timelineSection(model: ReportModel): Markup {
  return markup`<section aria-labelledby="timeline">
    <h2 id="timeline">Timeline</h2>
    ${model.checks.some(({ series }) => series.length > 0) ? picture(model) : momentList(model)}
    <div class="scroll">
      <table class="timeline">
        <thead>
          <tr>
            <th scope="col">UTC</th>
            <th scope="col">Phase</th>
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          ${model.timeline.map(
            ({ at, phase, text }) =>
              markup`<tr>
                <td><time>${preciseTimeText(at)}</time></td>
                <td><span class="phase">${phase}</span></td>
                <td>${text}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function picture(model: ReportModel): Markup {
  const clipped = storyOf(model).clipped ? ' What came long before is left out of the picture.' : '';
  return markup`<figure>
    <div class="wide">${lanesChart(model, 880, 'lanes-wide')}</div>
    <div class="narrow">${lanesChart(model, 340, 'lanes-narrow')}</div>
    ${momentList(model)} ${legend(model.checks.flatMap(({ series }) => series))}
    <figcaption>The tinted part is the time during which the change was in force. Times are UTC.${clipped}</figcaption>
  </figure>`;
}
