/** A short workflow that only looks: would the checks notice that access is cut? Asked on a scratch server, never on the target. */
import { workflowInfo } from '@temporalio/workflow';
import type { NotRehearsed, Proven, Refused } from '../activities/contract.ts';
import type { CheckToProve } from '../domain/proof.ts';
import { formProblem } from '../domain/request-form.ts';
import { problemOf } from './ending.ts';
import { absence } from './look.ts';
import { agent, proving } from './steps.ts';

export async function proveChecks(request: {
  target: string;
  checks: readonly CheckToProve[];
}): Promise<Proven | NotRehearsed | Refused> {
  const wrong = formProblem(request, ['target']);
  if (wrong) return { kind: 'refused', problems: [wrong] };
  const { target, checks } = request;
  const absent = await absence(target);
  if (absent) return absent;
  const caller = { target, changeId: 'look', runId: workflowInfo().runId };
  try {
    const taken = await agent(target, `read the configuration of ${target}`).snapshot({ ...caller, lookOnly: true });
    if (taken.kind === 'refused') return taken;
    if (taken.kind !== 'snapshotted')
      return { kind: 'refused', problems: [{ code: 'target-busy', message: `target ${target} has an open change` }] };
    const { snapshotId } = taken;
    return await proving(target, 'prove the checks on a scratch server').proveChecks({ ...caller, snapshotId, checks });
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}
