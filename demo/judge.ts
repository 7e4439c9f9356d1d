/** Did the scenario end as it has to? Every surprise is named, so that a failed demo says what was wrong. */
import { differences } from './configuration.ts';
import type { ScenarioRun } from './scenario-run.ts';
import type { Scenario } from './scenarios.ts';

export type Judged = Pick<ScenarioRun, 'exitCode' | 'result' | 'before' | 'after' | 'shopWorks'>;

/** Empty: as expected. */
export function surprises({ expect }: Scenario, { exitCode, result, before, after, shopWorks }: Judged): string[] {
  const differing = differences(before, after);
  const found: string[] = [];
  const check = (asExpected: boolean, otherwise: string): void => {
    if (!asExpected) found.push(otherwise);
  };
  const { outcome, reason, dependents } = result;
  check(outcome === expect.outcome, `the outcome is ${outcome}, not ${expect.outcome}: ${result.summary}`);
  check(expect.reasons.includes(reason), `the reason is ${reason}, not ${expect.reasons.join(' or ')}`);
  check(
    expect.dependents.includes(dependents),
    `the dependents are ${dependents}, not ${expect.dependents.join(' or ')}`,
  );
  check(exitCode === expect.exitCode, `the command line ended with ${exitCode}, not ${expect.exitCode}`);
  if (expect.outcome === 'kept') check(differing.length > 0, 'the upgrade was kept, but nothing changed');
  else check(differing.length === 0, `not as before in bytes, mode, owner or privileges: ${differing.join(', ')}`);
  check(shopWorks.page, 'a product page does not load');
  check(shopWorks.freshImage, 'a picture that is not cached does not load');
  return found;
}
