/** What people are told of an acceptance: that it waits for them, and how it ended. Pure. */
import { countText, dateTimeText } from '../format.ts';
import { asFact, asHeadline, askedForBy, type Notice } from '../notify/notice.ts';
import { type AcceptView, approveCommand } from './acceptance.ts';
import { dependentsHit } from './affected.ts';
import { driftItemFacts, type Told } from './notice.ts';

const mostFacts = 20;

/** `at`: Unix ms. */
export function acceptanceWaits(view: AcceptView, at: number, told: Told): Notice {
  const { target, risk, reasons, approvals, deadlineAt, drift } = view;
  const facts = [
    askedForBy(view),
    `Risk: ${risk ?? 'not known'}.`,
    ...reasons.map(({ text }) => `Risk: ${text}`),
    ...(deadlineAt === null
      ? []
      : [`Without a word until ${dateTimeText(deadlineAt)}, it expires, and known-good stays what it is.`]),
    ...(drift === null ? [] : driftItemFacts(drift)),
  ];
  const missing = Math.max(1, approvals.needed - approvals.given.length);
  return {
    ...about(view, 'approval-wanted', told),
    at,
    headline: asHeadline(
      `what is live on ${target} shall become known-good: waits for ${countText(missing, 'approval')}`,
    ),
    facts: facts.slice(0, mostFacts).map(asFact),
    actions: [
      ...(approvals.signed === true ? [] : ['approve with "name: reason"']),
      'reject with "name: reason"',
      `or on a command line: ${approveCommand(view)}`,
    ],
    dependents: drift === null ? [] : dependentsHit(drift),
  };
}

/** Only who was asked hears it. */
export function acceptanceOver(view: AcceptView, summary: string, at: number, told: Told): Notice {
  return {
    ...about(view, 'ended', told),
    at,
    headline: asHeadline(
      `nobody is asked any more to let what is live on ${view.target} become known-good: ${summary}`,
    ),
    facts: [],
    actions: [],
    dependents: view.drift === null ? [] : dependentsHit(view.drift),
    ends: true,
  };
}

function about(
  { target, acceptId }: AcceptView,
  kind: 'approval-wanted' | 'ended',
  { workflowId, runId }: Told,
): Omit<Notice, 'at' | 'headline' | 'facts' | 'actions' | 'dependents'> {
  const matter = `accept:${target}:${acceptId}`;
  return { kind, key: `${matter}:${kind}`, severity: 'info', target, changeId: null, workflowId, runId, matter };
}
