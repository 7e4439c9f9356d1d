/** A notice as a mail: a subject of one line, text, and HTML without anything to load. */
import { dateTimeText } from '../format.ts';
import { escapeHtml } from '../html.ts';
import { oneLine, shorten } from '../markdown.ts';
import { matterOf } from './notice.ts';
import { actionsOf, factsOf, leadOf, messageKey, severityWords, type Telling, titleOf } from './telling.ts';

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With brackets; the same for each repeat. */
  readonly messageId: string;
  /** Ties mails of one matter together. */
  readonly references: string;
  readonly urgent: boolean;
}

/** `domain`: of the sender's address. */
export function mailOf(telling: Telling, channel: string, domain: string): Mail {
  const { notice } = telling;
  return {
    // Plain ASCII where the notice is: an encoded subject can be neither searched nor filtered everywhere.
    subject: shorten(oneLine(`[knowngood] ${titleOf(telling).replaceAll('·', '-')}: ${leadOf(telling)}`), 200),
    text: textOf(telling),
    html: htmlOf(telling),
    messageId: idOf(`${messageKey(telling)}.${channel}`, domain),
    references: idOf(matterOf(notice), domain),
    urgent: notice.severity === 'critical' && telling.act === 'tell',
  };
}

function idOf(key: string, domain: string): string {
  return `<${key.replace(/[^A-Za-z0-9-]+/g, '.')}@${domain.replace(/[^A-Za-z0-9.-]/g, '')}>`;
}

function textOf(telling: Telling): string {
  const { notice, link } = telling;
  const facts = factsOf(telling);
  const actions = actionsOf(telling);
  const parts = [
    leadOf(telling),
    facts.map((fact) => `- ${fact}`).join('\n'),
    actions.length === 0 ? '' : `What you can do:\n${actions.map((action) => `- ${action}`).join('\n')}`,
    [`${severityWords[notice.severity]} · ${aboutOf(telling)}`, ...(link === null ? [] : [link])].join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function aboutOf({ notice }: Telling): string {
  const change = notice.changeId === null ? [] : [`change ${notice.changeId}`];
  return [`target ${notice.target}`, ...change, dateTimeText(notice.at)].map(oneLine).join(' · ');
}

function htmlOf(telling: Telling): string {
  const { notice, link } = telling;
  const list = (items: readonly string[]): string =>
    items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const actions = list(actionsOf(telling));
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><body style="font-family:sans-serif;max-width:42em">',
    `<h1 style="font-size:1.2em">${escapeHtml(titleOf(telling))}</h1>`,
    `<p><strong>${escapeHtml(leadOf(telling))}</strong></p>`,
    list(factsOf(telling)),
    actions === '' ? '' : `<p>What you can do:</p>${actions}`,
    `<p>${escapeHtml(`${severityWords[notice.severity]} · ${aboutOf(telling)}`)}</p>`,
    link === null ? '' : `<p><a href="${escapeHtml(link)}">Open it in the Temporal Web UI</a></p>`,
    '</body></html>',
  ].join('\n');
}
