/** The sentences of a report. Plain text: whoever renders it escapes it. */
import { countText, durationText, listText, timeText } from '../format.ts';
import { reasonWords } from './reason-words.ts';
import { wouldHave } from '../checks/consequence.ts';
import { type CheckReport, isOnlyWorse } from './checks.ts';
import type { ReportInput } from './input.ts';
import { spansOf } from './moments.ts';

export function headlineOf({ result }: ReportInput, checks: readonly CheckReport[]): string {
  const suffered = dependentsOf(checks.filter(hasSuffered));
  switch (result.outcome) {
    case 'kept':
      if (result.reason !== 'soak-healthy') return `${result.target} keeps the change: ${reasonWords[result.reason]}`;
      return suffered.length === 0
        ? `${result.target} keeps the change; its dependents stayed healthy`
        : `${result.target} keeps the change; ${listText(suffered)} failed at times, not enough to revert`;
    case 'reverted':
      if (suffered.length === 0) return `${result.target} is back to known-good: ${reasonWords[result.reason]}`;
      return `${listText(suffered)} suffered; ${result.target} is back to known-good`;
    case 'rejected':
    case 'aborted':
      return `Nothing was touched on ${result.target}: ${reasonWords[result.reason]}`;
    case 'abandoned':
      return `${result.target} is in a person's hands: the revert was not complete`;
  }
}

export function impactOf({ result, details }: ReportInput, checks: readonly CheckReport[]): readonly string[] {
  if (result.outcome === 'rejected' || result.outcome === 'aborted')
    return ['None: the configuration was not touched.'];
  if (checks.length === 0) return ['Unknown: no dependent of this target declares a check, so nothing was measured.'];
  const failed = checks.filter(hasSuffered);
  const { outageMs } = spansOf(result.moments);
  const lines = failed.map(impactOfCheck);
  if (failed.length === 0) lines.push(unharmed(checks.filter(({ shadow }) => !shadow)));
  lines.push(...checks.flatMap(shadowLines));
  if (outageMs !== null)
    lines.push(`From the first failure until every check passed again: ${durationText(outageMs)}.`);
  if (result.outcome === 'kept' || details.recovery.length === 0 || failed.length === 0) return lines;
  return [...lines, afterwards[result.dependents]];
}

/** What a shadow saw is shown for itself: nobody relies on it yet. */
const hasSuffered = ({ shadow, during, worse }: CheckReport): boolean =>
  shadow !== true && ((during?.fails ?? 0) > 0 || worse !== null);

function shadowLines(check: CheckReport): readonly string[] {
  const { shadow, crossed } = check;
  if (shadow !== true || crossed === null) return [];
  return [`Shadow check: it ${wouldHave(check)} at ${timeText(crossed.at)}: ${crossed.why}.`];
}

function unharmed(checks: readonly CheckReport[]): string {
  const measured = checks.reduce((sum, { during }) => sum + (during?.measured ?? 0), 0);
  if (measured === 0) return 'Unknown: nothing was measured while the change was in force.';
  return `No check failed while the change was in force (${countText(measured, 'measurement')} of ${countText(checks.length, 'check')}).`;
}

function impactOfCheck(check: CheckReport): string {
  const { name, team, during, firstFailure, level, worse } = check;
  const who = `${name}${team === null ? '' : ` (team ${team})`}${level === 'advisory' ? ', advisory,' : ''}`;
  if (worse !== null && isOnlyWorse(check)) return `${who} ${worse.why}; seen at ${timeText(worse.at)}.`;
  const count = `failed ${during?.fails ?? 0} of ${countText(during?.measured ?? 0, 'measurement')}`;
  if (firstFailure === null) return `${who} ${count} while the change was in force.`;
  return `${who} ${count} while the change was in force, first at ${timeText(firstFailure.at)}${saidBy(firstFailure)}.`;
}

const saidBy = ({ message, code }: { readonly message: string | null; readonly code: string | null }): string =>
  message === null && code === null
    ? ''
    : `: ${[message, code === null ? null : `(${code})`].filter(Boolean).join(' ')}`;

const afterwards = {
  unaffected: 'They were unaffected afterwards.',
  recovered: 'All of them recovered with the configuration.',
  'still-failing': 'The configuration is proven restored, yet not every check passes: look for a second cause.',
  'not-measured': 'Whether they recovered was not measured.',
} as const;

/** Says what the measurements show, and no more. */
export function causeOf({ result, plan }: ReportInput, checks: readonly CheckReport[]): readonly string[] {
  const first = firstToFail(checks);
  const because = `It was ${result.outcome} because ${reasonWords[result.reason]}.`;
  const changed = plan === null || plan.items.length === 0 ? [] : ['What the change did is listed below.'];
  if (result.outcome === 'kept' || result.outcome === 'rejected' || result.outcome === 'aborted')
    return [because, ...changed];
  if (first?.firstFailure == null) return [because, ...changed];
  const explained = (result.attribution ?? []).flatMap(({ sentences }) => sentences.map((one) => `${one}.`));
  const lookAt = explained.length > 0 ? '' : (placeToLook[first.firstFailure.code ?? ''] ?? '');
  const went = result.dependents === 'recovered' ? ' It went away with the revert.' : '';
  const passed =
    (first.before?.passes ?? 0) > 0
      ? `${first.name} passed before the change and failed under it.`
      : `${first.name} failed under the change.`;
  return [because, `${passed}${went}${lookAt}`, ...explained, ...changed];
}

/** What the server's own SQLSTATE says about where to look. */
const placeToLook: Readonly<Record<string, string>> = {
  '28000': ' The server refused the connection (28000): look at pg_hba.conf and at the role.',
  '28P01': ' The server refused the password (28P01): look at the role and at the method in pg_hba.conf.',
  '42501': ' The server refused a privilege (42501): look at grants.',
  '53300': ' The server took no more connections (53300): look at the connection limits.',
};

const firstToFail = (checks: readonly CheckReport[]): CheckReport | null =>
  checks
    .filter(({ firstFailure, shadow }) => firstFailure !== null && !shadow)
    .sort((a, b) => (a.firstFailure?.at ?? 0) - (b.firstFailure?.at ?? 0))[0] ?? null;

const dependentsOf = (checks: readonly CheckReport[]): readonly string[] => [
  ...new Set(checks.map(({ dependent }) => dependent)),
];
