/** The rest of the page: what changed, what was undone and how that is known, what is left to do. */
import { dateTimeText } from '../domain/format.ts';
import type { ReportModel } from '../domain/report.ts';
import { html, type Markup } from './markup.ts';

export function causeSection({ cause, plan }: ReportModel): Markup {
  return html`<section aria-labelledby="cause">
    <h2 id="cause">Root cause</h2>
    ${cause.map((text) => html`<p>${text}</p>`)}
    ${
      plan === null || plan.items.length === 0
        ? null
        : html`<h3>What changed</h3>
            <ul class="items">
              ${plan.items.map(({ summary, effect }) => html`<li><code>${summary}</code> <span class="tag ${effect}">${effect}</span></li>`)}${plan.moreItems > 0 ? html`<li>… and ${plan.moreItems} more</li>` : null}
            </ul>`
    }
    ${plan === null || plan.diff === '' ? null : html`<div class="scroll"><pre class="diff" tabindex="0" aria-label="Difference of the files">${plan.diff.replace(/\n+$/, '').split('\n').map(diffLine)}</pre></div>`}
  </section>`;
}

function diffLine(line: string): Markup {
  const kind = /^(\+\+\+|---|@@|diff )/.test(line)
    ? 'head'
    : line.startsWith('+')
      ? 'added'
      : line.startsWith('-')
        ? 'removed'
        : 'same';
  return html`<span class="${kind}">${line} </span>`;
}

export function resolutionSection(model: ReportModel): Markup {
  const { before, change, after } = model.snapshots;
  const snapshots = Object.entries({ Before: before, 'With the change': change, After: after });
  return html`<section aria-labelledby="resolution">
    <h2 id="resolution">Resolution</h2>
    ${model.resolution.map((text) => html`<p>${text}</p>`)}
    ${list('Put back', model.reverted, ({ summary, decision, note }) => html`<code>${summary}</code> <span class="tag">${decision}</span>${note === undefined ? null : html` ${note}`}`)}
    ${list('Proof', model.proof, (line) => html`${line}`)}
    ${list('Conflicts', model.conflicts, (line) => html`${line}`)}
    ${list('Problems', model.problems, ({ message, detail, hint }) => html`${message}${detail === undefined ? null : html`<br /><small>${detail}</small>`}${hint === undefined ? null : html`<br /><small>${hint}</small>`}`)}
    ${list('Approvals', model.approvals, ({ who, claim, why, at }) => html`<b>${who}</b>${claim === null ? null : html` (claimed <code>${claim}</code>)`} at ${dateTimeText(at)}${why === '' ? null : html`: ${why}`}`)}
    ${list(
      'Snapshots',
      snapshots.filter(([, id]) => id !== null),
      ([name, id]) => html`${name}: <code>${id}</code>`,
    )}
  </section>`;
}

function list<T>(title: string, items: readonly T[], show: (item: T) => Markup): Markup | null {
  return items.length === 0
    ? null
    : html`<h3>${title}</h3>
        <ul class="items">
          ${items.map((item) => html`<li>${show(item)}</li>`)}
        </ul>`;
}

export function followUpsSection({ followUps }: ReportModel): Markup {
  return html`<section aria-labelledby="follow-ups">
    <h2 id="follow-ups">Follow-ups</h2>
    ${
      followUps.length === 0
        ? html`<p>None.</p>`
        : html`<ol class="follow-ups">
            ${followUps.map((text) => html`<li>${text}</li>`)}
          </ol>`
    }
  </section>`;
}
