/** Drift, and how an acceptance ended, for people. Pure. */
import { connectedText, hitSentences } from '../../domain/drift/affected.ts';
import { type AcceptResult, type AcceptView, approveCommand } from '../../domain/drift/acceptance.ts';
import type { Drift } from '../../domain/drift/drift.ts';
import { forceWords } from '../../domain/drift/force.ts';
import { reappearedSentences } from '../../domain/drift/notice.ts';
import { type Seen, sinceText } from '../../domain/drift/since.ts';
import { dateTimeText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import { inWords } from '../../domain/problem.ts';
import type { DriftFound } from '../../workflows/watch-drift.ts';
import { approvalLines } from './approvals.ts';
import { diffLines } from './plan.ts';
import { type Colors, noColors, renderProblems } from './problem.ts';

export function renderDriftFound(target: string, found: DriftFound, colors: Colors = noColors): string {
  switch (found.kind) {
    case 'clean': {
      const since = found.knownGoodAt === null ? '' : ` of ${dateTimeText(found.knownGoodAt)}`;
      return `${colors.green('no drift')}  ${target}  as its known-good snapshot${since}`;
    }
    case 'not-looked':
      return `${colors.yellow('not looked')}  ${target}\n${renderProblems(found.problems, colors)}`;
    case 'drifted':
      return [
        `${colors.red('DRIFT')}  ${target}`,
        ...driftLines(found.drift, found.seen, colors),
        ...next(target, colors),
      ].join('\n');
    default:
      return found satisfies never;
  }
}

function driftLines(drift: Drift, seen: Seen | null, colors: Colors): readonly string[] {
  const { items, moreItems, connected, moreConnected, dirty, diff, schemaItems } = drift;
  return [
    ...part(
      'what',
      [...items.map(({ key, summary, force }) => `${key}  ${summary} (${forceWords[force]})`), ...more(moreItems)],
      colors,
    ),
    ...part('since', seen === null ? [] : sinceText(seen, drift), colors),
    ...part('whom it hits', hitSentences(drift), colors),
    ...part('reverted before', reappearedSentences(drift), colors),
    ...part('not known-good as it is', dirty.map(inWords), colors),
    ...part('connected now', [...connected.map(connectedText), ...more(moreConnected)], colors),
    ...(schemaItems === 0 ? [] : ['', `${schemaItems} objects of applications came or went, which is no drift`]),
    ...(diff === '' ? [] : ['', ...diffLines(diff, colors)]),
  ];
}

function more(count: number): readonly string[] {
  return count === 0 ? [] : [`and ${count} more`];
}

function part(title: string, lines: readonly string[], colors: Colors): readonly string[] {
  return lines.length === 0 ? [] : ['', colors.bold(title), ...lines.map((line) => `  ${oneLine(line)}`)];
}

function next(target: string, colors: Colors): readonly string[] {
  return part(
    'next',
    [
      `knowngood drift revert ${target}                back to known-good, as a guarded change`,
      `knowngood drift accept ${target} --reason "…"   what is live becomes known-good`,
    ].map((line) => line),
    colors,
  );
}

/** What shall be accepted, and how far its approvals are. */
export function renderAcceptance(view: AcceptView, colors: Colors = noColors): string {
  const { target, acceptId, phase, drift, risk, reasons, approvals, snapshotId, deadlineAt } = view;
  const until = deadlineAt === null ? '' : ` until ${dateTimeText(deadlineAt)}`;
  return [
    `${colors.bold(`${target}:${acceptId}`)}  ${phase}${until}, risk ${risk ?? 'not known'}`,
    ...reasons.map(({ text }) => `  ${oneLine(text)}`),
    ...approvalLines(approvals).map(([name, text]) => `  ${name.padEnd(12)}${text}`),
    `  ${'snapshot'.padEnd(12)}${snapshotId ?? 'not known'}`,
    ...(drift === null ? [] : driftLines(drift, null, colors)),
  ].join('\n');
}

export function renderAsked(view: AcceptView, colors: Colors = noColors): string {
  return [renderAcceptance(view, colors), '', `approve it with: ${approveCommand(view)}`].join('\n');
}

export function renderAccepted(result: AcceptResult, colors: Colors = noColors): string {
  const paint = result.outcome === 'accepted' || result.outcome === 'nothing' ? colors.green : colors.red;
  return `${paint(result.outcome)}  ${result.target}:${result.acceptId}  ${oneLine(result.summary)}`;
}
