/** What each event of a guarded change tells people: headline, facts, what they can do. Pure, from what the workflow knows. */
import { countText, dateTimeText, listText } from '../format.ts';
import { heldBack } from '../never-reopen.ts';
import type { PlanSummary } from '../plan.ts';
import { principalText } from '../plan/risk.ts';
import { inWords, type Problem } from '../problem.ts';
import type { ApprovalsView } from '../view.ts';
import { plainItem } from './plain-item.ts';
import { asFact, asHeadline, askedForBy, type Notice, type NoticeKind, type Severity } from './notice.ts';

/** Events of a change, in contrast to those of a target. */
export type ChangeEvent = Exclude<NoticeKind, 'drift' | 'drift-gone' | 'drift-unknown' | 'test'>;

/** The change as it stands at the event. */
export interface Situation {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly at: number;
  readonly requestedBy: string;
  readonly reason: string;
  readonly plan: PlanSummary | null;
  readonly approvalsNeeded: number;
  readonly approvals: Pick<ApprovalsView, 'signed'>;
  readonly deadlineAt: number | null;
  /** What silence does then, in plain words. */
  readonly atDeadline: string;
  /** Of the ruling, the hold or the end; '' before. */
  readonly why: string;
  /** Sentences: what of the change explains the failing checks. */
  readonly because: readonly string[];
  /** Dependents whose required checks fail. */
  readonly failing: readonly string[];
  /** The failing checks' own words. */
  readonly failures: readonly string[];
  /** What keeps the revert from being complete. */
  readonly remaining: readonly Problem[];
  readonly conflicts: readonly string[];
  /** How the dependents are after the end, in words; '' before. */
  readonly dependentsAfter: string;
  /** Who put it back, when it was not this workflow that asked for it. */
  readonly revertedBy: string | null;
  /** Something was told before that this event ends. */
  readonly toldBefore: boolean;
  /** Dependents of whom earlier notices spoke: who heard of them hears the end. */
  readonly toldOf: readonly string[];
}

/** The `n`th of its kind in this change, from 1. */
export function changeNotice(kind: ChangeEvent, n: number, of: Situation): Notice {
  const { severity, headline, facts, actions, ends } = content(kind, of);
  const { target, changeId, workflowId, runId, at } = of;
  return {
    kind,
    key: `${target}:${changeId}:${kind}:${n}`,
    severity,
    target,
    changeId,
    workflowId,
    runId,
    at,
    headline: asHeadline(headline),
    facts: facts
      .filter((fact) => fact !== '')
      .slice(0, mostFacts)
      .map(asFact),
    actions,
    dependents: dependentsOf(kind, of),
    ...(ends === undefined ? {} : { ends }),
  };
}

const mostFacts = 20;
const mostItems = 6;

interface Content {
  readonly severity: Severity;
  readonly headline: string;
  readonly facts: readonly string[];
  readonly actions: readonly string[];
  readonly ends?: boolean;
}

function content(kind: ChangeEvent, of: Situation): Content {
  const name = `change ${of.changeId} of ${of.target}`;
  const whose = askedForBy(of);
  const failing = of.failing.length === 0 ? 'a dependent' : listText(of.failing);
  const are = of.failing.length > 1 ? 'are' : 'is';
  switch (kind) {
    case 'approval-wanted':
      return {
        severity: 'info',
        headline: `${name} waits for ${countText(of.approvalsNeeded, 'approval')}`,
        facts: [whose, ...planFacts(of.plan), ...deadline(of)],
        // What is not signed would be refused where it must be.
        actions: [
          ...(of.approvals.signed === true ? [] : ['approve with "name: reason"']),
          'reject with "name: reason"',
          `or on a command line: knowngood approve ${of.target}:${of.changeId}${of.approvals.signed === true ? ' --sign' : ''}`,
        ],
      };
    case 'armed':
      return {
        severity: 'info',
        headline: `${name} begins: the way back is armed`,
        facts: [whose, ...planFacts(of.plan)],
        actions: ['stop it: abort with "name: reason"'],
      };
    case 'failing':
      return {
        severity: 'warning',
        headline: `${failing} ${are} failing while ${name} is watched`,
        facts: [...of.failures, whose, 'If it goes on, the change is reverted by itself.'],
        actions: ['revert it now: abort with "name: reason"'],
      };
    case 'degraded':
      return {
        severity: 'warning',
        headline: `${failing} ${are} failing while ${name} is watched, which goes on`,
        facts: [of.why, 'Its check only notifies: nothing is reverted by it.', ...of.failures, whose],
        actions: ['revert it: abort with "name: reason"'],
      };
    case 'holding':
      return {
        severity: 'warning',
        headline: `${name} is in force and held: ${of.why}`,
        facts: [...deadline(of), ...of.failures, whose],
        actions: [
          'keep it: confirm with "name: reason"',
          'revert it: abort with "name: reason"',
          'take more time: extend with "10m: reason"',
        ],
      };
    case 'reverting':
      return {
        severity: 'warning',
        headline: `reverting ${name}: ${of.why}`,
        facts: [...of.failures, ...of.because, whose, ...planFacts(of.plan)],
        actions: [],
      };
    case 'reverted':
      return {
        severity: 'warning',
        headline: `${of.target} is back as it was before change ${of.changeId}, proven${of.dependentsAfter === '' ? '' : `; ${of.dependentsAfter}`}`,
        facts: [
          of.why,
          ...(of.revertedBy === null
            ? []
            : [`Put back by ${of.revertedBy}, which nobody here had asked for: look why.`]),
          ...of.because,
          ...of.failures,
          ...of.conflicts.slice(0, mostItems).map((conflict) => `Somebody else had changed it too: ${conflict}`),
          whose,
          'Mend your source too: what put this configuration there may do so again.',
        ],
        actions: [],
        ends: of.toldBefore,
      };
    case 'revert-incomplete':
      if (of.remaining.length > 0 && of.remaining.every(({ code }) => code === heldBack))
        return {
          severity: 'warning',
          headline: `${name} is reverted, but for what must not be opened again: ${of.remaining[0]?.message ?? ''}`,
          facts: [...of.remaining.slice(0, mostItems).map(inWords), of.why],
          actions: [
            ...(of.approvals.signed === true ? [] : ['open it again: approve with "name: reason"']),
            'leave it closed: reject with "name: reason"',
          ],
        };
      return {
        severity: 'critical',
        headline: `the revert of ${name} is NOT complete: ${of.remaining[0]?.message ?? of.why}`,
        facts: [...of.remaining.slice(0, mostItems).map(inWords), of.why, 'It is tried again by itself.'],
        actions: [
          acknowledgeAction,
          `look on the database host: knowngood rescue ${of.target} --show`,
          'take over by hand: abandon with "name: reason"',
        ],
      };
    case 'still-failing':
      return {
        severity: 'critical',
        headline: `${failing} ${are} still failing, although ${of.target} is back as it was before change ${of.changeId}`,
        facts: [...of.failures, of.why, 'Nothing more is written: it may be something else.'],
        actions: [acknowledgeAction],
      };
    case 'kept':
      return {
        // Kept in part is not what was asked for, and who heard that it went ill hears that it ended well.
        severity: of.because.length > 0 || of.toldBefore ? 'warning' : 'info',
        headline: `${name} is kept: ${of.why}`,
        facts: [...of.because, whose, ...planFacts(of.plan)],
        actions: [],
      };
    case 'ended':
      return {
        // Who heard that it went ill hears that this is over.
        severity: of.toldBefore ? 'warning' : 'info',
        headline: `${name} is over: ${of.why}`,
        facts: [...of.remaining.slice(0, mostItems).map(inWords), whose],
        actions: [],
      };
    default:
      return kind satisfies never;
  }
}

const acknowledgeAction = 'stop the escalation: acknowledge with "name: reason"';

function deadline({ deadlineAt, atDeadline }: Situation): readonly string[] {
  return deadlineAt === null || atDeadline === ''
    ? []
    : [`Without a word until ${dateTimeText(deadlineAt)}, ${atDeadline}.`];
}

function planFacts(plan: PlanSummary | null): readonly string[] {
  if (plan === null) return ['What it does is seen once it is done.'];
  const { items, moreItems, effect, risk, access, reasons = [] } = plan;
  const left = items.length - mostItems + moreItems;
  return [
    `Effect: ${effect}; risk: ${risk}; ${countText(items.length + moreItems, 'item')}.`,
    ...reasons.slice(0, mostItems).map(({ text }) => `Risk: ${text}`),
    // A reason for the risk says it already, with the line that decides.
    ...(reasons.length > 0 ? [] : (access?.lost ?? []))
      .slice(0, mostItems)
      .map((lost) => `${principalText(lost)} loses access`),
    ...items.slice(0, mostItems).map(plainItem),
    ...(left > 0 ? [`and ${countText(left, 'more item')}`] : []),
  ];
}

function dependentsOf(kind: ChangeEvent, { failing, toldOf, plan }: Situation): readonly string[] {
  if (kind === 'still-failing') return failing;
  const own = failing.length > 0 ? failing : losing(plan);
  return kind === 'reverted' || kind === 'kept' || kind === 'ended' ? [...new Set([...own, ...toldOf])] : own;
}

/** Dependents whose access the plan would cut. */
function losing(plan: PlanSummary | null): readonly string[] {
  return [...new Set((plan?.access?.lost ?? []).flatMap(({ who }) => who))];
}
