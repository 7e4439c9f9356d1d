/** Who felt it: a card a check, its measurements before, under and after the change. */
import type { ReportModel } from '../domain/report/report.ts';
import type { CheckReport, Stretch } from '../domain/report/checks.ts';
import { latencyChart } from './chart-latency.ts';
import { levelText } from '../domain/checks/consequence.ts';
import { durationText } from '../domain/format.ts';
import { markup, type Markup } from './markup.ts';
import { momentList } from './moments.ts';

export function impactSection(model: ReportModel): Markup {
  return markup`<section aria-labelledby="impact">
    <h2 id="impact">Impact</h2>
    ${model.impact.map((text) => markup`<p>${text}</p>`)}
    ${model.checks.some(({ series }) => series.length > 0) ? momentList(model) : null}
    <div class="cards">${model.checks.map((check, index) => card(model, check, `check-${index}`))}</div>
  </section>`;
}

const states: Readonly<Record<CheckReport['state'], string>> = {
  unaffected: 'unaffected',
  recovered: 'recovered',
  'still-failing': 'still failing',
  failed: 'failed',
  'not-measured': 'not measured',
};

function card(model: ReportModel, check: CheckReport, id: string): Markup {
  const { firstFailure } = check;
  const team = check.team === null ? '' : ` · team ${check.team}`;
  return markup`<article class="card ${check.state}" aria-labelledby="${id}-name">
    <h3 id="${id}-name">${check.name} <span class="state">${states[check.state]}</span></h3>
    <p class="meta">${levelText(check)}${team} · ${check.measures}</p>
    <dl class="stretches">
      ${stretch('Before', check.before)}${stretch('In force', check.during)}${stretch('After', check.after)}
    </dl>
    ${check.series.length === 0 ? markup`<p class="meta">Only counters are known; the single measurements did not reach the store.</p>` : latencyChart(model, check, id)}
    ${[check.worse, check.crossed].map((found) => (found === null ? null : markup`<p class="said">${found.why}</p>`))}
    ${firstFailure === null ? null : markup`<p class="said">${[firstFailure.class, firstFailure.code].filter((word) => word !== null).join(' ')}${firstFailure.message === null ? null : markup` <q>${firstFailure.message}</q>`}</p>`}
  </article>`;
}

function stretch(name: string, value: Stretch | null): Markup {
  if (value === null)
    return markup`<div>
      <dt>${name}</dt>
      <dd>–</dd>
    </div>`;
  const extra = [
    value.fails > 0 ? `${value.fails} failed` : '',
    value.unmeasurable > 0 ? `${value.unmeasurable} not measurable` : '',
    value.forgiven > 0 ? `${value.forgiven} while settling` : '',
  ].filter((part) => part !== '');
  const median = value.medianMs === null ? null : markup`<small>median ${millis(value.medianMs)}</small>`;
  const problems = extra.length === 0 ? null : markup`<small class="extra">${extra.join(', ')}</small>`;
  return markup`<div class="${value.fails > 0 ? 'bad' : 'good'}">
    <dt>${name}</dt>
    <dd><b>${value.passes}</b>/${value.measured} passed ${problems}${median}</dd>
  </div>`;
}

const millis = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : durationText(ms));
