/** Stage 5: the journal and the lease stand on the target before the first write, or the reason why they do not. */
import { workflowInfo } from '@temporalio/workflow';
import type { Armed, Snapshotted } from '../activities/contract.ts';
import type { AdmittedChange } from '../domain/admitted.ts';
import { waysInWords } from '../domain/ways-back.ts';
import { endOf } from './answers.ts';
import type { Operators } from './decisions.ts';
import { firstOf, rejected, type End, type Ruling } from './ending.ts';
import { enter, note, type Flow } from './flow.ts';
import { callerOf, progressMarginMs } from './caller.ts';
import { withdrawApprovals } from './recording.ts';
import { agent } from './steps.ts';
import { tell } from './telling.ts';

export type Before =
  | { readonly kind: 'end'; readonly end: End }
  | { readonly kind: 'ruling'; readonly ruling: Ruling }
  | { readonly kind: 'armed'; readonly armed: Armed };

export async function arm(
  flow: Flow,
  operators: Operators,
  change: AdmittedChange,
  taken: Snapshotted,
): Promise<Before | 'again'> {
  const { policy } = change;
  enter(flow, 'arm', 'writing the journal and starting the lease');
  flow.armAttempted = true;
  const restarts = change.changeKind === 'config' ? flow.plan?.effect === 'restart' : change.restart !== 'forbidden';
  const answer = await agent(change.target, `arm the revert on ${change.target}`).arm({
    ...callerOf(flow),
    workflowId: workflowInfo().workflowId,
    snapshotId: taken.snapshotId,
    planHash: flow.plan?.hash ?? '',
    changeKind: change.changeKind,
    approvalRunId: flow.approvalsNeeded > 0 ? operators.approvalRunId : null,
    leaseMs: policy.leaseMs,
    graceMs,
    progressMs: policy.applyTimeoutMs + progressMarginMs,
    onContactLost: policy.onContactLost ?? (restarts ? 'wait' : 'revert'),
    quietMs: policy.quietMs,
    // Who approved a restart forth has approved one back; of a command nobody knows, so the policy alone speaks.
    revertMayRestart: policy.revertMayRestart || (change.changeKind === 'config' && restarts),
    ...(change.access === undefined ? {} : { access: change.access }),
    ...(policy.expectsReboot ? { expectsReboot: true } : {}),
    ...(policy.neverReopen === undefined ? {} : { neverReopen: policy.neverReopen }),
    witnesses: change.checks.flatMap((check) =>
      check.kind === 'sql'
        ? [
            {
              user: check.user,
              database: check.database,
              sourceAddress: check.sourceAddress,
              tls: check.sslmode !== 'disable',
            },
          ]
        : [],
    ),
  });
  switch (answer.kind) {
    case 'armed':
      flow.moments.armed ??= Date.now();
      if (answer.waysBack !== undefined) note(flow, `armed; ways back: ${waysInWords(answer.waysBack)}`);
      tell(flow, 'armed');
      return { kind: 'armed', armed: answer };
    case 'moved':
      flow.armAttempted = false;
      return 'again';
    case 'approval-stale':
      flow.armAttempted = false;
      withdrawApprovals(flow, 'it was given to an earlier run');
      note(flow, 'the approvals were given to an earlier run: asking again');
      return 'again';
    case 'busy':
      flow.armAttempted = false;
      return {
        kind: 'end',
        end: rejected('target-busy', `target ${change.target} has an open change: ${answer.holder.changeId}`, [
          { code: 'target-busy', message: `${answer.holder.changeId} is in phase ${answer.holder.phase}` },
        ]),
      };
    case 'refused':
      flow.armAttempted = false;
      return { kind: 'end', end: rejected('target-refused', firstOf(answer.problems), answer.problems) };
    case 'closed':
      return { kind: 'end', end: endOf(answer) };
    case 'stale':
      return {
        kind: 'ruling',
        ruling: {
          kind: 'revert',
          reason: 'internal-error',
          why: `another run owns the change in phase ${answer.phase}`,
        },
      };
    default:
      return answer satisfies never;
  }
}

/** A closed run that nobody replaces is reverted after this; DESIGN's short grace. */
const graceMs = 5_000;
