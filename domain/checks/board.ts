/** The counters of all checks of one stretch of measuring. */
import type { Before, CheckProgress, CheckSpec, Sample } from '../check.ts';
import { anew, fold, noProgress } from './progress.ts';
import { isBystander } from './consequence.ts';
import { compare } from './regression.ts';
import { failedAs } from './verdict.ts';

export interface Board {
  /** `settled`: its number may be compared. */
  add(sample: Sample, settled: boolean): void;
  /** Numbers that were not measured here. */
  remember(check: CheckSpec, values: readonly number[]): void;
  of(check: CheckSpec): CheckProgress;
  all(): readonly CheckProgress[];
  beginAnew(): void;
}

/** `from`: counters to go on with. `before`: what the checks that are compared gave before the change. */
export function openBoard(
  checks: readonly CheckSpec[],
  from: readonly CheckProgress[],
  before: readonly Before[] = [],
): Board {
  const specs = new Map(checks.map((check) => [check.name, check]));
  const progress = new Map(
    checks.map(({ name }) => [name, from.find(({ check }) => check === name) ?? noProgress(name)]),
  );
  const of = ({ name }: { readonly name: string }): CheckProgress => progress.get(name) ?? noProgress(name);
  return {
    add: (sample, settled) => {
      const spec = specs.get(sample.check);
      const own = fold(of({ name: sample.check }), sample);
      const values = before.find(({ check }) => check === sample.check)?.values;
      const counted = spec && settled ? compare(spec, own, sample, values) : own;
      progress.set(sample.check, spec && isBystander(spec) ? crossing(spec, counted, sample) : counted);
    },
    remember: (check, values) => progress.set(check.name, { ...of(check), values }),
    of,
    all: () => [...progress.values()],
    beginAnew: () => {
      for (const [name, own] of progress) progress.set(name, anew(own));
    },
  };
}

/** A revert would have ended the watch there: what comes after tells nothing more. */
function crossing(check: CheckSpec, own: CheckProgress, { at }: Sample): CheckProgress {
  const failed = own.crossed === undefined ? failedAs(check, own) : null;
  return failed === null ? own : { ...own, crossed: { at, why: failed.why } };
}
