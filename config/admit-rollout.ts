/** Lets a rollout in, or says everything that keeps it out. Pure but for its inputs: knowngood.yaml, parsed, and the request. */
import type { KnowngoodConfig } from '../domain/config.ts';
import { type Problem, fitForHistory } from '../domain/problem.ts';
import { parseRolloutRequest } from '../domain/rollout-request.schema.ts';
import { type AdmittedRollout, type RolloutRequest, changeOf } from '../domain/rollout/rollout.ts';
import { selectTargets } from '../domain/rollout/selector.ts';
import { planWaves, usualSize } from '../domain/rollout/waves.ts';
import { admit } from './admit.ts';
import { notifyPlanOfFleet } from './notify.ts';
import { durationMs } from './policy.ts';

export type RolloutAdmission =
  | { readonly kind: 'admitted'; readonly request: RolloutRequest; readonly rollout: AdmittedRollout }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export function admitRollout(config: KnowngoodConfig, input: unknown): RolloutAdmission {
  const parsed = parseRolloutRequest(input);
  if (parsed.kind === 'invalid') return refused(parsed.problems);
  const request = parsed.value;
  const known = Object.entries(config.targets).map(([name, { labels = {} }]) => ({ name, labels }));
  const selected = selectTargets(known, request.targets);
  if (selected.kind === 'refused') return refused(selected.problems);
  const planned = planWaves(selected.targets, request);
  if (planned.kind === 'refused') return refused(planned.problems);
  for (const target of selected.targets) {
    const one = admit(config, changeOf(request, target));
    if (one.kind === 'refused') return refused(one.problems.map((problem) => ofTarget(target, problem)));
  }
  const { waves = {}, budget = {}, requestedBy = 'unknown', reason = '' } = request;
  return {
    kind: 'admitted',
    request,
    rollout: {
      waves: planned.waves,
      concurrency: waves.concurrency ?? waves.size ?? usualSize,
      pauseMs: waves.pause === 'manual' ? null : durationMs(waves.pause ?? '0s'),
      budget: {
        reverts: budget.reverts ?? 0,
        failures: budget.failures ?? 0,
        redDependents: budget.redDependents ?? 0,
      },
      onHalt: request.onHalt ?? 'undo',
      askMs: durationMs(request.askTimeout ?? '1h'),
      requestedBy,
      reason,
      notify: notifyPlanOfFleet(config, selected.targets),
    },
  };
}

function refused(problems: readonly Problem[]): RolloutAdmission {
  return { kind: 'refused', problems: fitForHistory(problems) };
}

/** Said of one of many. */
export function ofTarget(target: string, problem: Problem): Problem {
  return { ...problem, message: `${target}: ${problem.message}` };
}
