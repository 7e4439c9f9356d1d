/** What the account rests on: the failing measurements, the server's own log, and who decided what. */
import { dateTimeText, preciseTimeText } from '../domain/format.ts';
import { whyText, type Decision } from '../domain/report/decisions.ts';
import { codeText, failingText, type Failing } from '../domain/report/failing.ts';
import { logLine, logText, type LogEvidence } from '../domain/report/server-log.ts';
import { markup, type Markup } from './markup.ts';

export function failingPart(failing: Failing): Markup | null {
  if (failing.first.length === 0) return null;
  return markup`<h3>Failing measurements</h3>
    <p>${failingText(failing)}</p>
    ${entries(failing.first.map(({ at, check, code, class: kind, message }) => [preciseTimeText(at), markup`<b>${check}</b> <code>${codeText(code, kind)}</code>`, message ?? '']))}
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
  return markup`<h3>Decisions</h3>
    ${entries(decisions.map(decisionEntry))}`;
}

type Entry = readonly [time: string, what: Markup, said: string];

function decisionEntry(decision: Decision): Entry {
  const { at, what, who, claim, key } = decision;
  const signed = key === undefined ? null : markup` (signed, <code>${key}</code>)`;
  const claimed = claim === null ? null : markup` (claimed <code>${claim}</code>)`;
  return [dateTimeText(at), markup`<b>${what}</b>, ${who}${signed}${claimed}`, whyText(decision)];
}

/** A list and no table: on a phone its columns would be a word wide. */
function entries(all: readonly Entry[]): Markup {
  return markup`<ol class="entries">
    ${all.map(([time, what, said]) => markup`<li><time>${time}</time> <div>${what}${said === '' ? null : markup`<br />${said}`}</div></li>`)}
  </ol>`;
}
