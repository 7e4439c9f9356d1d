/** Short workflows that only look: what would a change do, what is the configuration now, who gets in by it. */
import { workflowInfo } from '@temporalio/workflow';
import type { Answered, Refused, Snapshotted, Busy, Closed } from '../activities/contract.ts';
import type { Asked } from '../domain/access/impact.ts';
import type { ChangeRequest } from '../domain/change.ts';
import type { PlanSummary } from '../domain/plan.ts';
import { underPolicy } from '../domain/plan/risk.ts';
import { formProblem } from '../domain/request-form.ts';
import { problemOf } from './ending.ts';
import { agent, agentPresence, orchestrator } from './steps.ts';

/** What would this change do? Touches nothing. */
export async function planChange(request: ChangeRequest): Promise<{ kind: 'planned'; plan: PlanSummary } | Refused> {
  const wrong = formProblem(request);
  if (wrong) return { kind: 'refused', problems: [wrong] };
  const { workflowId, runId } = workflowInfo();
  const admitted = await orchestrator('read the request').admit({ request, workflowId, runId, lookOnly: true });
  if (admitted.kind === 'refused') return admitted;
  const absent = await absence(request.target);
  if (absent) return absent;
  const { target, changeId } = admitted.change;
  const caller = { target, changeId, runId };
  try {
    const taken = await agent(target, `read the configuration of ${target}`).snapshot({ ...caller, lookOnly: true });
    if (taken.kind === 'refused') return taken;
    if (taken.kind !== 'snapshotted') return { kind: 'refused', problems: [openAlready(target, taken)] };
    const { access = [], policy, concerns = [], warnings = [] } = admitted.change;
    const asked = { ...caller, snapshotId: taken.snapshotId, request, access };
    const answer = await agent(target, 'plan the change').plan(asked);
    if (answer.kind === 'refused') return answer;
    const plan = underPolicy(answer.plan, policy.risk, concerns);
    return { ...answer, plan: { ...plan, warnings: [...plan.warnings, ...warnings] } };
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}

/** What is the configuration now? Stored, not blessed. */
export async function takeSnapshot(request: { target: string }): Promise<Snapshotted | Busy | Closed | Refused> {
  const wrong = formProblem(request, ['target']);
  if (wrong) return { kind: 'refused', problems: [wrong] };
  const { target } = request;
  const absent = await absence(target);
  if (absent) return absent;
  const { runId } = workflowInfo();
  try {
    return await agent(target, `snapshot ${target}`).snapshot({ target, changeId: 'look', runId, lookOnly: true });
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}

/** Who gets in now? Touches nothing. */
export async function explainAccess(request: {
  target: string;
  asked: readonly Asked[];
  withObserved: boolean;
}): Promise<Answered | Refused> {
  const wrong = formProblem(request, ['target']);
  if (wrong) return { kind: 'refused', problems: [wrong] };
  const { target, asked, withObserved } = request;
  const absent = await absence(target);
  if (absent) return absent;
  const { runId } = workflowInfo();
  try {
    const steps = agent(target, `who gets in on ${target}`);
    return await steps.access({ target, changeId: 'look', runId, asked, withObserved });
  } catch (error) {
    return { kind: 'refused', problems: [problemOf(error)] };
  }
}

export async function absence(target: string): Promise<Refused | null> {
  try {
    await agentPresence(target).ping({ target });
    return null;
  } catch {
    return {
      kind: 'refused',
      problems: [
        {
          code: 'no-agent',
          message: `no agent answers for target ${target}`,
          hint: 'Start it on the database host: knowngood agent --agent-config /etc/knowngood/agent.yaml.',
        },
      ],
    };
  }
}

function openAlready(target: string, taken: Busy | Closed): { code: string; message: string; detail?: string } {
  return taken.kind === 'busy'
    ? {
        code: 'target-busy',
        message: `target ${target} has an open change`,
        detail: `${taken.holder.changeId} is in phase ${taken.holder.phase}.`,
      }
    : { code: 'closed', message: 'this change is closed already' };
}
