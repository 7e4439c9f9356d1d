/** A notice as a Slack message: blocks, and a text for the notification on the phone. Nothing from outside is markup or a mention. */
import { dateTimeText } from '../format.ts';
import { oneLine, shorten } from '../markdown.ts';
import { actionsOf, factsOf, leadOf, severityWords, type Telling, titleOf } from './telling.ts';

export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
}

export type SlackBlock =
  | {
      readonly type: 'header';
      readonly text: { readonly type: 'plain_text'; readonly text: string; readonly emoji: false };
    }
  | {
      readonly type: 'section';
      readonly text: { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true };
    }
  | {
      readonly type: 'context';
      readonly elements: readonly { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true }[];
    };

// Slack's own limits.
const longestHeader = 150;
const longestSection = 3000;

export function slackMessage(telling: Telling): SlackMessage {
  const { notice, link } = telling;
  const facts = factsOf(telling);
  const actions = actionsOf(telling);
  const about = [
    severityWords[notice.severity],
    ...(notice.changeId === null ? [] : [`change ${notice.changeId}`]),
    dateTimeText(notice.at),
  ].map(escapeMrkdwn);
  return {
    text: escapeMrkdwn(shorten(`${titleOf(telling)}: ${leadOf(telling)}`, 400)),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shorten(titleOf(telling), longestHeader), emoji: false } },
      section(`*${escapeMrkdwn(leadOf(telling))}*`),
      ...(facts.length === 0 ? [] : [section(facts.map((fact) => `• ${escapeMrkdwn(fact)}`).join('\n'))]),
      ...(actions.length === 0 ? [] : [section(actions.map((action) => `→ ${escapeMrkdwn(action)}`).join('\n'))]),
      { type: 'context', elements: [mrkdwn([...about, ...(link === null ? [] : [linkTo(link)])].join(' · '))] },
    ],
    unfurl_links: false,
  };
}

/**
 * Text in mrkdwn. Slack takes `<`, `>` and `&` for links and mentions (`<!channel>` rings for all); `*`, `_`, `~` and the
 * backtick cannot be escaped, so an invisible character takes their power where they have any: not within `image_svc`.
 */
export function escapeMrkdwn(text: string): string {
  return oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/`|(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])/g, '\u2060$&\u2060');
}

/** The address comes from knowngood.yaml and is an URL; a pipe or a bracket would end the link. */
function linkTo(link: string): string {
  return `<${link.replace(/[<>|\s]/g, encodeURIComponent)}|Temporal Web UI>`;
}

function section(text: string): SlackBlock {
  // Never cut within an entity.
  const cut = text.length <= longestSection ? text : `${text.slice(0, longestSection - 1).replace(/&[a-z]*$/, '')}…`;
  return { type: 'section', text: mrkdwn(cut) };
}

/** `verbatim`: Slack is not to look for channel names and addresses in it. */
function mrkdwn(text: string): { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true } {
  return { type: 'mrkdwn', text, verbatim: true };
}
