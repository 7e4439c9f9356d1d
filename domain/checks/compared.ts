/** Which number of a check is compared with the time before the change, and by which rule. */
import type { CheckSpec, ComparisonRule, Sample } from '../check.ts';

/** null: only passes and failures count. */
export function comparedBy(check: CheckSpec): ComparisonRule | null {
  return check.kind === 'prometheus' ? check.comparison : (check.latency ?? null);
}

/** null: this measurement has none to compare. A failure is judged as such, and says nothing of how long an answer takes. */
export function numberOf(check: CheckSpec, { mark, code, latencyMs }: Sample): number | null {
  if (mark !== 'pass') return null;
  if (check.kind !== 'prometheus') return latencyMs;
  const value = code === null ? Number.NaN : Number(code);
  return Number.isFinite(value) ? value : null;
}
