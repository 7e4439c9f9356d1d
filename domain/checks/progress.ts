/** The running counters of a check: every sample is folded in once, in the order it was measured. */
import type { CheckProgress, Sample } from '../check.ts';

export function noProgress(check: string): CheckProgress {
  return {
    check,
    passes: 0,
    fails: 0,
    errors: 0,
    noData: 0,
    forgiven: 0,
    passesInARow: 0,
    failsInARow: 0,
    errorsInARow: 0,
    accessDenialsInARow: 0,
    firstAt: null,
    lastAt: null,
    longestGapMs: 0,
    last: null,
    failingSince: null,
  };
}

/** Begins a new stretch of time: what is failing now goes on failing, health begins anew. */
export function anew({
  check,
  failsInARow,
  accessDenialsInARow,
  errorsInARow,
  failingSince,
  last,
  values,
  worse,
  crossed,
}: CheckProgress): CheckProgress {
  return {
    ...noProgress(check),
    failsInARow,
    accessDenialsInARow,
    errorsInARow,
    failingSince,
    last,
    ...(values === undefined ? {} : { values }),
    ...(worse === undefined ? {} : { worse }),
    ...(crossed === undefined ? {} : { crossed }),
  };
}

/** What the next watch goes on with: numbers that are compared take a soak to gather. All else it sees for itself. */
export function carriedOver(progress: readonly CheckProgress[]): readonly CheckProgress[] {
  return progress.flatMap(({ check, values, worse }) =>
    values === undefined ? [] : [{ ...noProgress(check), values, ...(worse === undefined ? {} : { worse }) }],
  );
}

/** Refused for want of access: at the door (28000, 28P01) or at the object (42501). */
function isAccessDenial({ class: kind }: Sample): boolean {
  return kind === 'access' || kind === 'privilege';
}

/** Silence between two measurements; one that lasts long is no silence. */
function gapBefore(sample: Sample, { last }: CheckProgress): number {
  return last === null ? 0 : Math.max(0, sample.at - last.at - last.latencyMs);
}

export function fold(progress: CheckProgress, sample: Sample): CheckProgress {
  const seen = {
    ...progress,
    firstAt: progress.firstAt ?? sample.at,
    lastAt: sample.at,
    longestGapMs: Math.max(progress.longestGapMs, gapBefore(sample, progress)),
    last: sample,
  };
  // Time that was looked at: no failure, yet no health either, which begins anew after it.
  if (sample.forgiven) return { ...seen, forgiven: progress.forgiven + 1, passesInARow: 0, errorsInARow: 0 };
  switch (sample.mark) {
    case 'pass':
      return {
        ...seen,
        passes: progress.passes + 1,
        passesInARow: progress.passesInARow + 1,
        failsInARow: 0,
        errorsInARow: 0,
        accessDenialsInARow: 0,
        failingSince: null,
      };
    case 'fail':
      return {
        ...seen,
        fails: progress.fails + 1,
        passesInARow: 0,
        failsInARow: progress.failsInARow + 1,
        errorsInARow: 0,
        accessDenialsInARow: isAccessDenial(sample) ? progress.accessDenialsInARow + 1 : 0,
        failingSince: progress.failingSince ?? sample.at,
      };
    // The probe saw nothing: rows of failures are neither lengthened nor forgotten.
    case 'error':
    case 'no-data':
      return {
        ...seen,
        errors: progress.errors + (sample.mark === 'error' ? 1 : 0),
        noData: progress.noData + (sample.mark === 'no-data' ? 1 : 0),
        passesInARow: 0,
        errorsInARow: progress.errorsInARow + 1,
      };
    default:
      return sample.mark satisfies never;
  }
}
