/** Making what is live the known-good configuration: what it needs, how it ends, how it is shown. Pure. */
import type { CheckSpec } from '../check.ts';
import type { Policy } from '../change.ts';
import { approvalsText } from '../details/approvals.ts';
import { dateTimeText } from '../format.ts';
import { codeSpan, detailsPage, escapeMarkdown, shorten } from '../markdown.ts';
import { decidesOrRuns } from '../plan/decides.ts';
import { type RiskReason, accessReason, classed, reasonsOfAccess } from '../plan/risk.ts';
import { inWords, type Problem } from '../problem.ts';
import type { Risk } from '../phase.ts';
import type { Approval, ApprovalsView } from '../view.ts';
import { whatDrifted } from './details.ts';
import type { Drift } from './drift.ts';

export interface AcceptRequest {
  readonly target: string;
  /** `[a-z0-9-]+`; the workflow's id is `knowngood-accept:<target>:<acceptId>`. */
  readonly acceptId: string;
  readonly reason: string;
  /** Claim of the requester's name. */
  readonly requestedBy: string;
}

/** `nothing`: it is the known-good one already. `moved`: it is not any more what was approved. */
export type AcceptOutcome = 'accepted' | 'nothing' | 'refused' | 'busy' | 'rejected' | 'expired' | 'moved';

export interface AcceptResult {
  readonly target: string;
  readonly acceptId: string;
  readonly outcome: AcceptOutcome;
  /** One plain sentence. */
  readonly summary: string;
  readonly problems: readonly Problem[];
  /** The new known-good; null: there is none. */
  readonly snapshotId: string | null;
  readonly approvals: readonly Approval[];
}

export type AcceptPhase = 'look' | 'baseline' | 'approve' | 'recheck' | 'closed';

export interface AcceptView {
  readonly target: string;
  readonly acceptId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly phase: AcceptPhase;
  /** Unix ms; null: nothing is timed. */
  readonly deadlineAt: number | null;
  /** What approvals are bound to; null until it is known. */
  readonly snapshotId: string | null;
  /** null: it is the first known-good of this target, or nothing has been seen yet. */
  readonly drift: Drift | null;
  readonly risk: Risk | null;
  readonly reasons: readonly RiskReason[];
  readonly approvals: ApprovalsView;
  /** Whether the requester's own approval does not count. */
  readonly fourEyes: boolean;
  readonly rejected: { readonly who: string; readonly why: string } | null;
  readonly result: AcceptResult | null;
}

/** With `<target>:<acceptId>`. */
export const approveAcceptanceWith = 'knowngood drift approve';

/** The gravest first. `drift` null: the first known-good, which nobody has compared with anything. */
export function acceptReasons(drift: Drift | null, { risk }: Pick<Policy, 'risk'>): readonly RiskReason[] {
  if (drift === null)
    return classed([{ rule: 'unseen', text: 'there is no known-good snapshot to compare it with' }], risk);
  // What is not shown may be what decides.
  const touchesAccess =
    drift.moreItems > 0 || drift.items.some(({ section, key, role }) => decidesOrRuns(section, key, role));
  const unknown: RiskReason = { rule: 'accessUnknown', text: 'who is affected cannot be told' };
  return classed(
    [...(touchesAccess ? [accessReason] : []), ...(drift.access === null ? [unknown] : reasonsOfAccess(drift.access))],
    risk,
  );
}

/** Whatever the policy says of the risk: without a check that must pass, a person has to say that it is good. */
export function approvalsNeeded(risk: Exclude<Risk, 'refused'>, policy: Policy, checks: readonly CheckSpec[]): number {
  const isWatched = checks.some(({ level }) => level === 'required');
  return Math.max(policy.approvals[risk], isWatched ? 0 : 1);
}

const meanings: Readonly<Record<AcceptPhase, string>> = {
  look: 'looking at the live configuration. Nothing is touched.',
  baseline: 'measuring whether the dependents are healthy with it. Nothing is touched.',
  approve: 'waiting for approval. Nothing is touched.',
  recheck: 'looking once more: it must still be what was approved, and healthy.',
  closed: 'it is over.',
};

export function acceptDetails(view: AcceptView): string {
  const { target, acceptId, phase, result, approvals, deadlineAt, snapshotId, drift, risk, reasons } = view;
  const reason = view.reason === '' ? '' : `: ${escapeMarkdown(shorten(view.reason, 300))}`;
  return detailsPage([
    `## ${phase} · ${codeSpan(target)}`,
    `**Now**: ${meanings[phase]}${result === null ? '' : ` Outcome: **${result.outcome}**.`}`,
    `${codeSpan(acceptId)}: the live configuration shall be the known-good one, asked for by ${escapeMarkdown(view.requestedBy) || 'nobody named'}${reason}`,
    result === null ? '' : escapeMarkdown(shorten(result.summary, 500)),
    (result?.problems ?? []).map((problem) => `- ${escapeMarkdown(shorten(inWords(problem), 500))}`).join('\n'),
    deadlineAt === null
      ? ''
      : `Deadline: **${dateTimeText(deadlineAt)}**, then it expires, and known-good stays what it is.`,
    phase === 'approve' ? approvalPart(view) : '',
    risk === null
      ? ''
      : [
          `Risk: **${risk}**. Approvals: ${approvals.needed === 0 ? 'none needed' : approvalsText(approvals)}.`,
          ...reasons.map(
            ({ text, risk: own }) =>
              `- ${own === undefined ? '' : `**${own}**: `}${escapeMarkdown(shorten(text, 300))}`,
          ),
        ].join('\n\n'),
    snapshotId === null ? '' : `Snapshot ${codeSpan(snapshotId.slice(0, 12))}: approvals hold for this one only.`,
    ...(drift === null ? [] : whatDrifted(drift)),
  ]);
}

function approvalPart(view: AcceptView): string {
  const { target, acceptId, snapshotId, approvals } = view;
  const example = JSON.stringify({ who: 'Kim', why: 'seen the diff', planHash: snapshotId });
  return [
    '### What you can do',
    [
      ...(approvals.signed === true
        ? []
        : [
            `- Send an Update: ${codeSpan('approve')} with ${codeSpan('"Kim: seen the diff"')}, or bound to what you have read: ${codeSpan(example)}`,
          ]),
      `- Send an Update: ${codeSpan('reject')} with ${codeSpan('"Kim: not this"')}`,
      `- In a shell: ${codeSpan(approveCommand(view))} or ${codeSpan(`knowngood drift reject ${target}:${acceptId}`)}`,
    ].join('\n'),
  ].join('\n\n');
}

export function approveCommand({ target, acceptId, approvals }: AcceptView): string {
  return `${approveAcceptanceWith} ${target}:${acceptId}${approvals.signed === true ? ' --sign' : ''}`;
}
