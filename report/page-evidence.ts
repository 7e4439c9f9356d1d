/** What the account rests on: the failing measurements, the server's own log, and who decided what. */
import { dateTimeText, preciseTimeText } from '../domain/format.ts';
import type { Decision } from '../domain/report/decisions.ts';
import { codeText, failingText, type Failing } from '../domain/report/failing.ts';
import { logLine, logText, type LogEvidence } from '../domain/report/server-log.ts';
import { markup, type Markup } from './markup.ts';

export function failingPart(failing: Failing): Markup | null {
  if (failing.first.length === 0) return null;
  const rows = failing.first.map(({ at, check, code, class: kind, message }) => [
    markup`<time>${preciseTimeText(at)}</time>`,
    markup`${check}`,
    markup`<code>${codeText(code, kind)}</code>`,
    markup`${message}`,
  ]);
  return markup`<h3>Failing measurements</h3>
    <p>${failingText(failing)}</p>
    ${table(['UTC', 'Check', 'Code', 'What was said'], rows)}
    ${failing.more === 0 ? null : markup`<p class="meta">… and ${failing.more} more</p>`}`;
}

export function logPart(log: LogEvidence): Markup {
  const lines = log.lines.map(
    (line) => markup`<span class="${line.level.toLowerCase()}">${`${logLine(line)}\n`}</span>`,
  );
  return markup`<h3>The server’s log</h3>
    <p>${logText(log)}</p>
    ${lines.length === 0 ? null : markup`<div class="scroll"><pre class="diff log" tabindex="0" role="region" aria-label="Lines of the server’s log">${lines}</pre></div>`}`;
}

export function decisionsPart(decisions: readonly Decision[]): Markup | null {
  if (decisions.length === 0) return null;
  const rows = decisions.map(({ at, what, who, claim, key, why }) => [
    markup`<time>${dateTimeText(at)}</time>`,
    markup`<b>${what}</b>`,
    markup`${who}${key === undefined ? null : markup` (signed, <code>${key}</code>)`}${claim === null ? null : markup` (claimed <code>${claim}</code>)`}`,
    markup`${why === '' ? '–' : why}`,
  ]);
  return markup`<h3>Decisions</h3>
    ${table(['When', 'What', 'Who', 'Why'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly Markup[])[]): Markup {
  return markup`<div class="scroll">
    <table class="evidence">
      <thead>
        <tr>
          ${head.map((name) => markup`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            markup`<tr>
              ${cells.map((cell) => markup`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
