/** Each check of a target once, from where it is measured in a change: what does it see? Nothing is recorded. */
import { proxyActivities } from '@temporalio/workflow';
import type { ProbeActivities, Refused } from '../activities/contract.ts';
import { probeQueue } from '../domain/change.ts';
import type { CheckSpec, Sample } from '../domain/check.ts';
import { nonRetryable } from '../domain/failures.ts';
import type { Problem } from '../domain/problem.ts';
import { formProblem } from '../domain/request-form.ts';
import { problemOf } from './ending.ts';
import { orchestrator } from './steps.ts';

export interface TriedCheck extends Pick<CheckSpec, 'name' | 'kind' | 'level' | 'onFail' | 'shadow' | 'location'> {
  /** null: nobody measured it. */
  readonly sample: Sample | null;
  /** Why nobody did. */
  readonly problem: Problem | null;
}

/** `check`: of this name only, `<dependent>/<check>`; null: all. */
export async function tryChecks(request: {
  target: string;
  check: string | null;
}): Promise<{ readonly kind: 'tried'; readonly checks: readonly TriedCheck[] } | Refused> {
  const wrong = formProblem(request, ['target']);
  if (wrong) return { kind: 'refused', problems: [wrong] };
  const { target, check } = request;
  try {
    const known = await orchestrator('which checks are there').checksOf({ target });
    if (known.kind === 'refused') return known;
    const asked = known.checks.filter(({ name }) => check === null || name === check);
    if (asked.length === 0) return { kind: 'refused', problems: [noneAsked(target, check, known.checks)] };
    const locations = [...new Set(asked.map(({ location }) => location))].sort();
    const tried = await Promise.all(
      locations.map((location) =>
        tryAt(
          location,
          target,
          asked.filter((one) => one.location === location),
        ),
      ),
    );
    return { kind: 'tried', checks: tried.flat() };
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}

async function tryAt(location: string, target: string, checks: readonly CheckSpec[]): Promise<readonly TriedCheck[]> {
  const about = ({ name, kind, level, onFail, shadow }: CheckSpec) => ({
    name,
    kind,
    level,
    location,
    ...(onFail === undefined ? {} : { onFail }),
    ...(shadow === undefined ? {} : { shadow }),
  });
  try {
    const samples = await proxyActivities<Pick<ProbeActivities, 'tryChecks'>>({
      taskQueue: probeQueue(location),
      scheduleToStartTimeout: '15 seconds',
      startToCloseTimeout: '90 seconds',
      retry: { maximumAttempts: 1, nonRetryableErrorTypes: nonRetryable },
      summary: `measure once from ${location}`,
    }).tryChecks({ target, checks });
    return checks.map((check) => ({
      ...about(check),
      sample: samples.find((sample) => sample.check === check.name) ?? null,
      problem: null,
    }));
  } catch (error) {
    const problem = absentOr(location, problemOf(error));
    return checks.map((check) => ({ ...about(check), sample: null, problem }));
  }
}

function absentOr(location: string, problem: Problem): Problem {
  if (problem.code !== 'no-worker') return problem;
  return {
    code: 'no-probe',
    message: `no probe answers at location ${location}`,
    hint: `Start it there: knowngood worker --probe ${location}.`,
  };
}

function noneAsked(target: string, check: string | null, all: readonly CheckSpec[]): Problem {
  const names = all.map(({ name }) => name).sort();
  if (check === null || names.length === 0)
    return {
      code: 'no-checks',
      message: `no dependent of ${target} has a check`,
      hint: 'Declare some in knowngood.yaml: what a change breaks is noticed by nothing else.',
    };
  return { code: 'unknown-check', message: `${target} has no check "${check}"`, hint: `It has: ${names.join(', ')}.` };
}
