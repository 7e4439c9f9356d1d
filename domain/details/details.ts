/** Temporal's "current details" of a running guarded change: where it is, why, and what one can do, in Markdown. */
import type { CheckProgress, CheckSpec } from '../check.ts';
import type { ChangeView } from '../view.ts';
import { accessPart } from './access.ts';
import { approvalsText } from './approvals.ts';
import { checksPart } from './checks.ts';
import { shortDiff } from './short-diff.ts';
import { nextSteps } from './steps.ts';
import { countText, dateTimeText, preciseTimeText, timeText } from '../format.ts';
import {
  codeBlock,
  codeCell,
  codeSpan,
  detailsPage,
  escapeMarkdown,
  markdownTable,
  oneLine,
  shorten,
} from '../markdown.ts';
import { isTouched, type Outcome, type Phase } from '../phase.ts';
import type { PlanSummary } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { TimelineEntry } from '../result.ts';

export interface DetailsView {
  readonly target: string;
  readonly changeId: string;
  /** null: of none that is known. */
  readonly changeKind: 'config' | 'command' | 'external' | null;
  /** Name of the command, or the pipeline's own description; '' when there is none. */
  readonly what: string;
  readonly requestedBy: string;
  /** The requester's reason; '' when none was given. */
  readonly reason: string;
  readonly phase: Phase;
  /** Unix ms when the phase began. */
  readonly sinceMs: number;
  /** Unix ms at which silence decides; null: nothing is timed. */
  readonly deadlineAt: number | null;
  /** What silence then does, in plain words; without it the words of the phase. */
  readonly atDeadline?: string;
  /** null until it is planned; from the apply on, what really changed. */
  readonly plan: PlanSummary | null;
  readonly progress: readonly CheckProgress[];
  readonly checks: readonly CheckSpec[];
  readonly approvals: ChangeView['approvals'];
  /** What keeps a revert from being complete. */
  readonly remaining: readonly Problem[];
  /** null while open. */
  readonly outcome: Outcome | null;
  readonly timeline: readonly TimelineEntry[];
  /** Why it was decided so; '' while it is not. */
  readonly why?: string;
  /** Names of the Updates that have an effect now. */
  readonly possible: readonly string[];
}

/** More would push what one can do next off the screen; the report has all of it. */
const mostItems = 20;
const mostTimelineLines = 12;

export function currentDetails(view: DetailsView): string {
  const checks = checksPart(view);
  const plan = planPart(view.plan);
  const parts = [
    heading(view),
    nextSteps(view),
    remainingPart(view.remaining),
    // Who is asked for a word reads what will be done; later it matters how the dependents are.
    ...(isTouched(view.phase) ? [checks, plan] : [plan, checks]),
    timelinePart(view.timeline),
    linksPart(view.target),
  ];
  return detailsPage(parts);
}

const meanings: Readonly<Record<Phase, string>> = {
  snapshot: 'Taking the snapshot. Nothing has been touched.',
  baseline: 'Measuring whether the dependents are healthy before the change. Nothing has been touched.',
  preflight: 'Working out what the change would do. Nothing has been touched.',
  approve: 'Waiting for approval. Nothing has been touched.',
  arm: 'The agent is preparing the way back. Nothing has been touched.',
  apply: 'The change is being made. The way back is armed.',
  watch: 'The change is in force; its dependents are being watched.',
  hold: 'The change is in force and held: somebody or the policy has to decide.',
  confirm: 'The soak was healthy; the change is being confirmed.',
  revert: 'The change is being reverted.',
  'revert-incomplete': 'THE REVERT IS NOT COMPLETE. It is being tried again until it is.',
  verify: 'The configuration is decided; the dependents are being measured again.',
  report: 'It is over; the report is being written.',
  closed: 'It is over.',
};

function heading(view: DetailsView): string {
  const outcome = view.outcome === null ? '' : ` Outcome: **${view.outcome}**.`;
  const kind = view.changeKind === 'config' ? 'declared change' : `${view.changeKind ?? ''} change`.trim();
  const what = view.what === '' ? '' : ` ${codeCell(shorten(view.what, 200))}`;
  const reason = view.reason === '' ? '' : `: ${escapeMarkdown(shorten(view.reason, 300))}`;
  const rows = [
    ['change', `${codeCell(view.changeId)}, a ${kind}${what}`],
    ['asked for by', `${escapeMarkdown(shorten(view.requestedBy, 200)) || 'nobody named'}${reason}`],
    ['now', `${view.phase}, since ${dateTimeText(view.sinceMs)}`],
    ...(view.deadlineAt === null ? [] : [['next', deadlineText(view, view.deadlineAt)]]),
    ...(view.why === undefined || view.why === '' ? [] : [['why', escapeMarkdown(shorten(view.why, 500))]]),
    ...(view.approvals.needed === 0 ? [] : [['approvals', approvalsText(view.approvals)]]),
  ];
  return [
    `## ${view.phase} · ${codeSpan(view.target)}`,
    `**${meanings[view.phase]}**${outcome}`,
    markdownTable({ head: ['', ''], rows }),
  ].join('\n\n');
}

function deadlineText({ phase, atDeadline }: DetailsView, at: number): string {
  const then = atDeadline === undefined || atDeadline === '' ? silence[phase] : escapeMarkdown(atDeadline);
  return `**${timeText(at)}**${then === undefined ? '' : `, then ${then}`}`;
}

/** What happens at the deadline of a phase when nobody says anything. */
const silence: Readonly<Partial<Record<Phase, string>>> = {
  snapshot: 'it ends, nothing touched',
  baseline: 'it ends, nothing touched',
  preflight: 'it ends, nothing touched',
  approve: 'it ends, nothing touched',
  arm: 'it ends, nothing touched',
  apply: 'what was written is reverted',
  watch: 'the change is kept if every required check is healthy',
  hold: 'the policy decides',
  confirm: 'the change is reverted',
};

function remainingPart(remaining: readonly Problem[]): string {
  if (remaining.length === 0) return '';
  const lines = remaining
    .slice(0, mostItems)
    .flatMap(({ message, detail, hint }) => [
      `- ${escapeMarkdown(shorten(message, 300))}`,
      ...(detail === undefined ? [] : [`  - Detail: ${escapeMarkdown(shorten(detail, 300))}`]),
      ...(hint === undefined ? [] : [`  - Hint: ${escapeMarkdown(shorten(hint, 300))}`]),
    ]);
  if (remaining.length > mostItems) lines.push(`- … and ${remaining.length - mostItems} more`);
  return `### What remains\n\n${lines.join('\n')}`;
}

function planPart(plan: PlanSummary | null): string {
  if (plan === null) return '';
  const shown = plan.items.slice(0, mostItems);
  const left = plan.items.length - shown.length + plan.moreItems;
  const parts = [
    `### What changes\n\nEffect: **${plan.effect}**, risk: **${plan.risk}**, ${countText(plan.items.length + plan.moreItems, 'item')}.`,
    [
      ...shown.map(({ summary, effect }) => `- ${codeSpan(shorten(summary, 300))} (${effect})`),
      ...(left === 0 ? [] : [`- … and ${left} more`]),
    ].join('\n'),
    accessPart(plan, mostItems),
    plan.warnings.map((warning) => `- Warning: ${escapeMarkdown(shorten(warning, 300))}`).join('\n'),
    plan.diff === '' ? '' : codeBlock(shortDiff(plan.diff, '; the report has all'), 'diff'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Filled in by the Web UI. */
const here = '/namespaces/{namespace}/workflows/{workflowId}/{runId}';

function linksPart(target: string): string {
  // Looks for drift would be hundreds a day between them.
  const ofTarget = encodeURIComponent(`WorkflowType="guardedChange" AND KnowngoodTarget="${target}"`);
  return [
    `[Timeline](${here}/timeline)`,
    `[event history](${here}/history)`,
    `[pending activities](${here}/pending-activities)`,
    `[changes of this target](/namespaces/{namespace}/workflows?query=${ofTarget})`,
  ].join(' · ');
}

function timelinePart(timeline: readonly TimelineEntry[]): string {
  if (timeline.length === 0) return '';
  const lines = timeline
    .slice(-mostTimelineLines)
    .map(({ at, text }) => `- ${preciseTimeText(at)} ${escapeMarkdown(shorten(oneLine(text), 300))}`);
  return `### So far\n\n${lines.join('\n')}`;
}
