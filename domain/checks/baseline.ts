/** The baseline: how a check is measured before the change, when that is enough, and what is red. */
import type { CheckProgress, CheckSpec, Verdict } from '../check.ts';
import { comparedBy } from './compared.ts';
import { decideWhileWatching } from './verdict.ts';

const leastMs = 30_000;
/** Below the two minutes that the workflow gives it: what is missing then is said, and not lost with the answer. */
const mostMs = 110_000;

/** Numbers to compare with are spread over it: less may be one checkpoint from beginning to end, and hide what comes. */
const spreadMs = 90_000;
/** Nor are they further apart than so many intervals: who measures often wants to know soon. */
const spreadIntervals = 3;

/** From the beginning of one measurement to that of the next; nobody wants to wait for whole intervals. */
export function pauseBeforeMs(check: CheckSpec): number {
  const numbers = measuredBefore(check);
  return numbers === 0
    ? Math.min(check.intervalMs, 1_000)
    : Math.min(check.intervalMs * spreadIntervals, spreadMs / numbers);
}

/** When it ends, whatever is missing; numbers to compare with take their time where each measurement is slow. */
export function baselineMs(checks: readonly CheckSpec[]): number {
  return checks.some((check) => measuredBefore(check) > 0) ? mostMs : leastMs;
}

/** Whether this check needs no further measurement. */
export function isMeasured(check: CheckSpec, own: CheckProgress): boolean {
  const isEnough = own.passesInARow >= check.thresholds.successes && (own.values?.length ?? 0) >= measuredBefore(check);
  return isEnough || decideWhileWatching([{ ...check, level: 'required' }], [own], []) !== null;
}

/** How many numbers it takes; one of Prometheus brings its own past. */
function measuredBefore(check: CheckSpec): number {
  return check.kind === 'prometheus' ? 0 : (comparedBy(check)?.samples ?? 0);
}

/**
 * "Not yet proven healthy" is red before the change: it could neither trigger nor mask a revert. `past`: what Prometheus gave
 * of the time before, or why it gave nothing.
 */
export function redBefore(check: CheckSpec, own: CheckProgress, past?: readonly number[] | string): Verdict[] {
  if (check.level !== 'required') return [];
  if (own.passesInARow < check.thresholds.successes) {
    const verdict = decideWhileWatching([check], [own], []);
    const why = `${check.name} passed ${own.passesInARow} of ${check.thresholds.successes} times`;
    return [verdict ?? { kind: 'inconclusive', check: check.name, why }];
  }
  const needed = comparedBy(check)?.samples ?? 0;
  const values = own.values?.length ?? 0;
  if (values >= needed) return [];
  const why = `${check.name} has ${values} of ${needed} numbers to compare with${typeof past === 'string' ? `: ${past}` : ''}`;
  return [{ kind: 'inconclusive', check: check.name, why }];
}
