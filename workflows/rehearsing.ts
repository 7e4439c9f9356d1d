/** Part of stage 3: a declared change is tried on a scratch server of the target's host. */
import { isCancellation } from '@temporalio/workflow';
import type { Snapshotted } from '../activities/contract.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import type { PlanSummary } from '../domain/plan.ts';
import { changesNothing } from '../domain/plan/risk.ts';
import { type RehearsalFinding, rehearsedPrincipals } from '../domain/rehearsal.ts';
import { callerOf } from './caller.ts';
import { type End, firstOf, problemOf, rejected } from './ending.ts';
import { type Flow, note } from './flow.ts';
import { proving } from './steps.ts';

/** Whatever keeps it from being tried speaks neither for nor against the change. */
export async function rehearse(
  flow: Flow,
  change: AdmittedChange,
  taken: Snapshotted,
  plan: PlanSummary,
): Promise<End | null> {
  if (changesNothing(plan)) return null;
  const { target } = change;
  const answer = await proving(target, 'rehearse the change on a scratch server')
    .rehearse({
      ...callerOf(flow),
      snapshotId: taken.snapshotId,
      planHash: plan.hash,
      principals: rehearsedPrincipals(change.access ?? [], plan),
    })
    .catch((error: unknown) => {
      if (isCancellation(error)) throw error;
      return { kind: 'refused', problems: [problemOf(error)] } as const;
    });
  if (answer.kind === 'off') return null;
  if (answer.kind === 'refused') {
    note(flow, `not rehearsed: ${firstOf(answer.problems)}`);
    return null;
  }
  const { findings, problems, tookMs } = answer;
  if (problems.length > 0) return rejected('preflight-refused', `rehearsed, and ${firstOf(problems)}`, problems);
  const untried = findings.filter(({ ok }) => ok === null);
  note(flow, `rehearsed in ${(tookMs / 1_000).toFixed(1)} s: nothing speaks against it${untriedWords(untried)}`);
  return null;
}

function untriedWords(untried: readonly RehearsalFinding[]): string {
  const names = untried.slice(0, mostUntried).map(({ what }) => what);
  if (names.length === 0) return '';
  return `; not tried: ${names.join(', ')}${untried.length > mostUntried ? ` and ${untried.length - mostUntried} more` : ''}`;
}

const mostUntried = 3;
