/** The rest of the page: what changed, what was undone and how that is known, what is left to do. */
import type { AccessChange } from '../domain/access/impact.ts';
import type { PlanSummary } from '../domain/plan.ts';
import { principalText } from '../domain/plan/risk.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { decisionsPart, failingPart, logPart } from './page-evidence.ts';
import { markup, type Markup } from './markup.ts';

export function causeSection({ cause, plan, attribution, failing, log }: ReportModel): Markup {
  return markup`<section aria-labelledby="cause">
    <h2 id="cause">Root cause</h2>
    ${cause.map((text) => markup`<p>${text}</p>`)}
    ${list('Explained by', attribution, ({ checks, items }) => markup`${checks.join(', ')}: ${items.length === 0 ? 'not one item alone' : items.map((item) => markup`<code>${item}</code> `)}`)}
    ${plan === null ? null : accessOf(plan)}
    ${
      plan === null || plan.items.length === 0
        ? null
        : markup`<h3>What changed</h3>
            <ul class="items">
              ${plan.items.map(({ summary, effect }) => markup`<li><code>${summary}</code> <span class="tag ${effect}">${effect}</span></li>`)}${plan.moreItems > 0 ? markup`<li>… and ${plan.moreItems} more</li>` : null}
            </ul>`
    }
    ${plan === null || plan.diff === '' ? null : markup`<div class="scroll"><pre class="diff" tabindex="0" aria-label="Difference of the files">${plan.diff.replace(/\n+$/, '').split('\n').map(diffLine)}</pre></div>`}
    ${failingPart(failing)} ${log === null ? null : logPart(log)}
  </section>`;
}

function accessOf({ access, reasons = [] }: PlanSummary): Markup {
  const change = (one: AccessChange): Markup =>
    markup`${principalText(one)}${one.because.map((because) => markup`<br /><small>${because}</small>`)}`;
  return markup`
    ${list('Loses access', access?.lost ?? [], change)}
    ${list('May lose access', access?.unknown ?? [], change)}
    ${list('Gains access', access?.gained ?? [], change)}
    ${list('Why this risk', reasons, ({ risk, text }) => markup`${risk === undefined ? null : markup`<span class="tag">${risk}</span> `}${text}`)}
  `;
}

function diffLine(line: string): Markup {
  const kind = /^(\+\+\+|---|@@|diff )/.test(line)
    ? 'head'
    : line.startsWith('+')
      ? 'added'
      : line.startsWith('-')
        ? 'removed'
        : 'same';
  return markup`<span class="${kind}">${`${line}\n`}</span>`;
}

export function resolutionSection(model: ReportModel): Markup {
  const { before, change, after } = model.snapshots;
  const snapshots = Object.entries({ Before: before, 'With the change': change, After: after });
  return markup`<section aria-labelledby="resolution">
    <h2 id="resolution">Resolution</h2>
    ${model.resolution.map((text) => markup`<p>${text}</p>`)}
    ${list('Put back', model.reverted, ({ summary, decision, note }) => markup`<code>${summary}</code> <span class="tag">${decision}</span>${note === undefined ? null : markup` ${note}`}`)}
    ${list('Proof', model.proof, (line) => markup`${line}`)}
    ${list('Conflicts', model.conflicts, (line) => markup`${line}`)}
    ${list('Problems', model.problems, ({ message, detail, hint }) => markup`${message}${detail === undefined ? null : markup`<br /><small>${detail}</small>`}${hint === undefined ? null : markup`<br /><small>${hint}</small>`}`)}
    ${decisionsPart(model.decisions)}
    ${list(
      'Snapshots',
      snapshots.filter(([, id]) => id !== null),
      ([name, id]) => markup`${name}: <code>${id}</code>`,
    )}
  </section>`;
}

function list<T>(title: string, items: readonly T[], show: (item: T) => Markup): Markup | null {
  return items.length === 0
    ? null
    : markup`<h3>${title}</h3>
        <ul class="items">
          ${items.map((item) => markup`<li>${show(item)}</li>`)}
        </ul>`;
}

export function followUpsSection({ followUps }: ReportModel): Markup {
  return markup`<section aria-labelledby="follow-ups">
    <h2 id="follow-ups">Follow-ups</h2>
    ${
      followUps.length === 0
        ? markup`<p>None.</p>`
        : markup`<ol class="follow-ups">
            ${followUps.map((text) => markup`<li>${text}</li>`)}
          </ol>`
    }
  </section>`;
}
