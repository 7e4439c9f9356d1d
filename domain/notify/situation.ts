/** From what a workflow knows of its change to what is told about it. */
import type { Attribution } from '../access/attribution.ts';
import type { CheckProgress } from '../check.ts';
import type { DependentsAfter } from '../result.ts';
import type { ChangeView } from '../view.ts';
import type { Situation } from './change-notices.ts';

interface Known extends ChangeView {
  readonly workflowId: string;
  readonly runId: string;
  readonly at: number;
  readonly attribution: readonly Attribution[];
  readonly approvalsNeeded: number;
  /** Checks that were red before: they say nothing of the change. */
  readonly ignore: readonly string[];
  /** The counters of the last watch. */
  readonly watched: readonly CheckProgress[];
  readonly conflicts: readonly string[];
  readonly dependents: DependentsAfter;
  readonly revertedBy: string | null;
  /** Earlier notices that were no mere information. */
  readonly told: readonly { readonly dependents: readonly string[] }[];
}

const afterWords: Readonly<Record<DependentsAfter, string>> = {
  unaffected: '',
  recovered: 'its dependents answer again',
  'still-failing': 'dependents are STILL FAILING',
  'not-measured': 'its dependents could not be asked',
};

export function situationOf(known: Known): Situation {
  const { told, checks, ignore, progress, watched, attribution, outcome, dependents } = known;
  const failingIn = (counted: readonly CheckProgress[]): readonly CheckProgress[] =>
    counted.filter(
      ({ check, failsInARow, worse }) => (failsInARow > 0 || worse) && !ignore.includes(check) && !shadows.has(check),
    );
  // Nobody hears of them.
  const shadows = new Set(checks.filter(({ shadow }) => shadow).map(({ name }) => name));
  const required = checks.filter(({ level }) => level === 'required');
  const now = failingIn(progress);
  // After a revert all may answer again: what made it go back is in the counters of the watch.
  const red = now.length > 0 ? now : failingIn(watched);
  return {
    ...known,
    because: attribution.flatMap(({ sentences }) => sentences),
    failing: [
      ...new Set(required.filter(({ name }) => red.some(({ check }) => check === name)).map((c) => c.dependent)),
    ],
    failures: red.map(failureText),
    toldBefore: told.length > 0,
    toldOf: [...new Set(told.flatMap((one) => one.dependents))],
    dependentsAfter: outcome === 'reverted' ? afterWords[dependents] : '',
  };
}

function failureText({ check, failsInARow, last, worse }: CheckProgress): string {
  if (failsInARow === 0 && worse) return `${check} ${worse.why}`;
  const said = [last?.code, last?.message].filter((part) => part !== null && part !== undefined && part !== '');
  return `${check} failed ${failsInARow === 1 ? 'once' : `${failsInARow} times in a row`}${said.length === 0 ? '' : `: ${said.join(' ')}`}`;
}
