/** The top of the page: what happened, in one line, four numbers and a list of facts. */
import { dateTimeText, durationText, sentence } from '../domain/format.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { comparisonPart } from './chart-comparison.ts';
import { markup, type Markup } from './markup.ts';

export function pageHeader(model: ReportModel): Markup {
  const start = model.moments[0];
  return markup`<header>
    <p class="over">
      <span class="badge ${model.outcome}">${model.outcome}</span>
      <span>${model.target}</span> ${start === undefined ? null : markup`<time>${dateTimeText(start.at)}</time>`}
    </p>
    <h1>${wholeNames(model.headline)}</h1>
  </header>`;
}

export function summarySection(model: ReportModel): Markup {
  return markup`<section aria-labelledby="summary">
    <h2 id="summary">Summary</h2>
    <p class="lead">${sentence(model.summary)}</p>
    ${figures(model)}
    <dl class="facts">
      ${factsOf(model).map(
        ([name, value]) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${model.comparison === null ? null : comparisonPart(model.comparison)}
  </section>`;
}

function figures({ spans }: ReportModel): Markup | null {
  const all: readonly (readonly [string, number | null, string])[] = [
    ['Detect', spans.detectMs, 'in force → first failure'],
    ['Decide', spans.decideMs, 'first failure → decision'],
    ['Revert', spans.revertMs, 'decision → proven restored'],
    ['Verify', spans.verifyMs, 'restored → dependents asked'],
    ['Outage', spans.outageMs, 'first failure → checks pass'],
  ];
  const known = all.filter(([, ms]) => ms !== null);
  if (known.length === 0) return null;
  const figure = ([name, ms, means]: (typeof all)[number]): Markup =>
    markup`<li class="${name.toLowerCase()}">
      <span>${name}</span><strong>${durationText(ms ?? 0)}</strong><small>${means}</small>
    </li>`;
  return markup`<ul class="figures">
    ${known.map(figure)}
  </ul>`;
}

function factsOf(model: ReportModel): readonly (readonly [string, string | Markup])[] {
  const optional = (name: string, value: string): readonly (readonly [string, string])[] =>
    value === '' ? [] : [[name, value]];
  return [
    [
      'Change',
      markup`<code>${model.changeId}</code> (${model.changeKind}${model.what === '' ? '' : `: ${model.what}`})`,
    ],
    ['Asked for by', model.requestedBy === '' ? 'nobody named' : model.requestedBy],
    ...optional('Reason', model.why),
    ['Ended because', model.because],
    ['Dependents', model.dependents],
    ...(model.commandExitCode === null ? [] : [['Command’s exit code', String(model.commandExitCode)] as const]),
    ...(model.spans.totalMs === null ? [] : [['In all', durationText(model.spans.totalMs)] as const]),
    ['Workflow', markup`<code>${model.workflowId}</code>`],
    ['Run', markup`<code>${model.runId}</code>`],
    ...model.notes.map((note) => ['Note', note] as const),
  ];
}

/** A line may not break at the hyphen of a name. */
const wholeNames = (text: string): readonly Markup[] =>
  text
    .split(/(\s+)/)
    .map((word) =>
      word.includes('-') && word.length < 32 ? markup`<span class="name">${word}</span>` : markup`${word}`,
    );
