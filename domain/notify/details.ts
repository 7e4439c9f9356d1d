/** Temporal's "current details" of a notice: who was told, what is next, how to stop it. Markdown. */
import { countText, dateTimeText, preciseTimeText } from '../format.ts';
import { codeBlock, codeCell, codeSpan, detailsPage, escapeMarkdown, markdownTable, shorten } from '../markdown.ts';
import type { Notice } from './notice.ts';
import type { ChannelKind } from './plan.ts';

export interface Told {
  readonly team: string;
  readonly channel: string;
  readonly kind: ChannelKind;
  /** Unix ms: of the answer, or of the first try while there is none. */
  readonly at: number;
  readonly state: 'sending' | 'delivered' | 'dead';
  /** What the receiver said, or why it is dead. */
  readonly words: string;
}

export interface NoticeView {
  /** The last of them, oldest first. */
  readonly told: readonly Told[];
  /** How many there were in all. */
  readonly tries: number;
  /** It goes on until somebody acknowledges. */
  readonly asks: boolean;
  /** '' while nobody has. */
  readonly acknowledgedBy: string;
  /** null: it is not over; '' without words. */
  readonly over: string | null;
  /** Unix ms; null: nothing is timed. */
  readonly nextAt: number | null;
  /** Who is told next; '' for nothing. */
  readonly next: string;
}

/** How many tries are kept in mind. */
export const mostTold = 20;

export function noticeDetails(notice: Notice, view: NoticeView): string {
  const change =
    notice.changeId === null
      ? ''
      : ` · [the change](/namespaces/{namespace}/workflows/${encodeURI(notice.workflowId)})`;
  const parts = [
    `## ${notice.kind} · ${codeSpan(notice.target)}`,
    `**${escapeMarkdown(notice.headline)}** (${notice.severity}, ${dateTimeText(notice.at)})${change}`,
    stateOf(view),
    view.asks && view.acknowledgedBy === '' && view.over === null
      ? `### What you can do\n\n*More actions → Send an Update*, choose **acknowledge**, paste the argument (the words are yours to change):\n\n${codeBlock('"Kim: I am on the host"', 'json')}`
      : '',
    toldPart(view),
    notice.facts.map((fact) => `- ${escapeMarkdown(shorten(fact, 300))}`).join('\n'),
  ];
  return detailsPage(parts);
}

function stateOf({ asks, acknowledgedBy, over, next, nextAt }: NoticeView): string {
  const lines = [
    ...(over === null ? [] : [over === '' ? 'It is over.' : `It is over: ${escapeMarkdown(over)}`]),
    ...(acknowledgedBy === '' ? [] : [`Acknowledged by **${escapeMarkdown(shorten(acknowledgedBy, 300))}**.`]),
    ...(asks && acknowledgedBy === '' && over === null ? ['Nobody has acknowledged it yet.'] : []),
    ...(next === '' ? [] : [`Next${nextAt === null ? '' : `, at ${dateTimeText(nextAt)}`}: ${escapeMarkdown(next)}.`]),
  ];
  return lines.join(' ');
}

function toldPart({ told, tries }: NoticeView): string {
  if (told.length === 0) return 'Nobody has been told yet.';
  const left = tries - told.length;
  const table = markdownTable({
    head: ['time', 'team', 'channel', 'state', 'words'],
    rows: told.map(({ at, team, channel, state, words }) => [
      preciseTimeText(at),
      codeCell(team),
      codeCell(channel),
      state,
      words === '' ? '' : codeCell(shorten(words, 120)),
    ]),
  });
  return `### Who was told\n\n${table}${left > 0 ? `\n\n… and ${countText(left, 'earlier try', 'earlier tries')}` : ''}`;
}
