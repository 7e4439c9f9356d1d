/** Drift in Markdown: Temporal's current details of the workflows that look and that accept. Pure. */
import { countText, dateTimeText } from '../format.ts';
import { shortDiff } from '../details/short-diff.ts';
import { codeBlock, codeSpan, detailsPage, escapeMarkdown, shorten } from '../markdown.ts';
import { inWords, type Problem } from '../problem.ts';
import { connectedText, hitSentences } from './affected.ts';
import type { Drift } from './drift.ts';
import { forceWords } from './force.ts';
import { driftActions, reappearedSentences } from './notice.ts';
import { type Seen, sinceText } from './since.ts';

const mostItems = 20;
const longest = 300;

/** `what` is one plain sentence; problems say why there is nothing more. */
export function lookedDetails(target: string, what: string, problems: readonly Problem[] = []): string {
  return detailsPage([
    `## drift · ${codeSpan(target)}`,
    `**${escapeMarkdown(what)}**`,
    list(problems.map(inWords), mostItems),
    links(target),
  ]);
}

export function driftDetails(target: string, drift: Drift, seen: Seen): string {
  return detailsPage([
    `## drift · ${codeSpan(target)}`,
    `**The configuration is not the known-good one.** Seen ${dateTimeText(drift.at)}: ${countText(drift.items.length + drift.moreItems, 'item')}.`,
    `### What you can do\n\n${driftActions(target)
      .map((command) => `- ${codeSpan(command)}`)
      .join('\n')}`,
    `### Since when\n\n${list(sinceText(seen, drift), mostItems)}`,
    ...whatDrifted(drift),
    links(target),
  ]);
}

/** Whom it hits, what it is, who is connected: as the operators of an acceptance see it too. */
export function whatDrifted(drift: Drift): readonly string[] {
  const { items, moreItems, connected, moreConnected, dirty, diff, access } = drift;
  const shown = items.slice(0, mostItems);
  const left = items.length - shown.length + moreItems;
  return [
    section('Whom it hits', [
      ...hitSentences(drift),
      ...(access === null ? [] : [`access of ${countText(access.unchanged, 'principal')} is as before`]),
    ]),
    section('It was reverted before', reappearedSentences(drift)),
    section('Not known-good as it is', dirty.map(inWords)),
    [
      '### What drifted',
      [
        ...shown.map(({ summary, force }) => `- ${codeSpan(shorten(summary, longest))} (${forceWords[force]})`),
        ...(left === 0 ? [] : [`- … and ${left} more`]),
      ].join('\n'),
      diff === '' ? '' : codeBlock(shortDiff(diff), 'diff'),
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
    section('Connected now', [
      ...connected.map(connectedText),
      ...(moreConnected === 0 ? [] : [`… and ${moreConnected} more`]),
    ]),
  ].filter((part) => part !== '');
}

function section(title: string, sentences: readonly string[]): string {
  return sentences.length === 0 ? '' : `### ${title}\n\n${list(sentences, mostItems)}`;
}

function list(sentences: readonly string[], most: number): string {
  const lines = sentences.slice(0, most).map((text) => `- ${escapeMarkdown(shorten(text, longest))}`);
  return [...lines, ...(sentences.length > most ? [`- … and ${sentences.length - most} more`] : [])].join('\n');
}

/** Its looks are paused and started there too. */
function links(target: string): string {
  return `[Schedule](/namespaces/{namespace}/schedules/knowngood-drift:${target}) · [Event history](/namespaces/{namespace}/workflows/{workflowId}/{runId}/history)`;
}
