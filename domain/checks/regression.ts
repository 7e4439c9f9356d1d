/**
 * Whether a number got worse: the newest measurements against those from before the change. Three things must hold, and go on
 * holding for `forMs`: a smallest difference of medians, ranks that differ (Mann-Whitney), and a median as bad as hardly any
 * number before. The probe asks it; workflows read what was found. docs/checks.md says what it promises, and how often it errs.
 */
import { median, wilcoxonRankSum } from 'simple-statistics';
import { numberText } from '../format.ts';
import type { CheckProgress, CheckSpec, ComparisonRule, Sample } from '../check.ts';
import { comparedBy, numberOf } from './compared.ts';

/** One-sided, one in a million: it is asked anew with each measurement, so a thousand of them cost one in a thousand. */
const zNeeded = 4.753;
const pText = 'p < 0.000001';

/** With fewer on each side no ranks, however far apart, are that unlikely. */
export const fewestValues = 16;

/** More than any soak compares, and little enough for a heartbeat. */
export const mostValues = 60;

/** Neighbours of one another are no independent evidence: what was that bad more often before is not the change's doing. */
const mostAsBad = 3;

/** In words; null: not worse, or too few to tell. */
export function regression(
  rule: ComparisonRule,
  before: readonly number[],
  now: readonly number[],
  unit = '',
): string | null {
  if (before.length < rule.samples || now.length < Math.min(rule.samples, fewestValues)) return null;
  const [was, is] = [median([...before]), median([...now])];
  if (!isFar(rule, was, is)) return null;
  const asBad = before.filter((value) => (rule.worse === 'higher' ? value >= is : value <= is)).length;
  if (asBad > mostAsBad) return null;
  if (rankTest(before, now) * (rule.worse === 'higher' ? 1 : -1) < zNeeded) return null;
  const many =
    before.length === now.length ? `${now.length} samples each` : `${before.length} and ${now.length} samples`;
  return `p50 ${numberText(was)}${unit} before, ${numberText(is)}${unit} now, ${many}, ${pText}`;
}

/** The least that people would call worse. */
export function isFar({ worse, factor, plus }: ComparisonRule, was: number, is: number): boolean {
  return worse === 'higher'
    ? is > was && is >= Math.max(was * factor, was + plus)
    : is < was && is <= Math.min(was / factor, was - plus);
}

/** Whether the newest numbers, each of them, are no worse than the rule allows. */
export function isBack(check: CheckSpec, own: CheckProgress, before: readonly number[], newest: number): boolean {
  const rule = comparedBy(check);
  const values = own.values ?? [];
  return (
    rule === null ||
    (values.length >= newest && !values.slice(-newest).some((now) => isFar(rule, median([...before]), now)))
  );
}

/** Standard deviations by which `now` ranks higher than `before`: normal approximation, corrected for ties and continuity. */
export function rankTest(before: readonly number[], now: readonly number[]): number {
  const [m, n] = [before.length, now.length];
  const u = wilcoxonRankSum([...now], [...before]) - (n * (n + 1)) / 2;
  const off = u - (m * n) / 2;
  const counts = new Map<number, number>();
  for (const value of [...before, ...now]) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ties = [...counts.values()].reduce((sum, count) => sum + (count ** 3 - count), 0);
  const all = m + n;
  const deviation = Math.sqrt(((m * n) / 12) * (all + 1 - ties / (all * (all - 1))));
  return deviation === 0 ? 0 : (Math.sign(off) * Math.max(0, Math.abs(off) - 0.5)) / deviation;
}

/** Keeps the newest numbers, and says whether they are worse. `before` undefined: this is the time before the change. */
export function compare(
  check: CheckSpec,
  progress: CheckProgress,
  sample: Sample,
  before: readonly number[] | undefined,
): CheckProgress {
  const rule = comparedBy(check);
  const value = rule === null ? null : numberOf(check, sample);
  if (rule === null || value === null) return progress;
  const values = [...(progress.values ?? []), Number(value.toPrecision(6))].slice(-rule.samples);
  const [how, unit] = check.kind === 'prometheus' ? ['got worse', ''] : ['got slower', ' ms'];
  const why = before === undefined ? null : regression(rule, before, values, unit);
  const { worse, ...rest } = progress;
  return { ...rest, values, ...(why === null ? {} : { worse: { at: worse?.at ?? sample.at, why: `${how}: ${why}` } }) };
}
