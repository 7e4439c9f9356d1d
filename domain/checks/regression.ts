/**
 * Whether a number got worse: the newest measurements against those from before the change, by a rank test (Mann-Whitney) and
 * a smallest difference of medians. One slow answer moves neither. The probe asks it; workflows read what was found.
 */
import { median, wilcoxonRankSum } from 'simple-statistics';
import { numberText } from '../format.ts';
import type { CheckProgress, CheckSpec, ComparisonRule, Sample } from '../check.ts';
import { comparedBy, numberOf } from './compared.ts';

/** One-sided, one in a thousand; the smallest difference of medians keeps the many looks of a soak from adding up. */
const zNeeded = 3.09;

/** More than any soak compares, and little enough for a heartbeat. */
export const mostValues = 60;

/** In words; null: not worse, or too few to tell. */
export function regression(
  { worse, factor, plus, samples }: ComparisonRule,
  before: readonly number[],
  now: readonly number[],
  unit = '',
): string | null {
  if (before.length < samples || now.length < samples) return null;
  const [was, is] = [median([...before]), median([...now])];
  // The least that people would call worse.
  const bound = worse === 'higher' ? Math.max(was * factor, was + plus) : Math.min(was / factor, was - plus);
  if (worse === 'higher' ? is < bound || is <= was : is > bound || is >= was) return null;
  if (rankTest(before, now) * (worse === 'higher' ? 1 : -1) < zNeeded) return null;
  return `got worse: a median of ${numberText(is)}${unit} in the last ${now.length} measurements, ${numberText(was)}${unit} before the change`;
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
  const why = before === undefined ? null : regression(rule, before, values, check.kind === 'prometheus' ? '' : ' ms');
  const { worse, ...rest } = progress;
  return { ...rest, values, ...(why === null ? {} : { worse: { at: worse?.at ?? sample.at, why } }) };
}
