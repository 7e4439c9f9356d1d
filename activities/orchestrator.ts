/** The orchestrator's activities: let a request in, read who said what, write the report. */
import { Context, activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { admit, unknownTarget } from '../config/admit.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { ChangeRequest } from '../domain/change.ts';
import type { KnowngoodConfig } from '../domain/config.ts';
import { wasTouched } from '../domain/phase.ts';
import { fitForHistory } from '../domain/problem.ts';
import type { Signer } from '../report/signing-key.ts';
import type { Store } from '../store/store.ts';
import { type Beginnings, beginningOf } from './beginnings.ts';
import type { OrchestratorActivities } from './contract.ts';
import { createDriftActivities } from './drift.ts';
import { explained } from './failure.ts';
import { historyOf, isResetMark } from './history.ts';
import { createNotifyActivities } from './notify.ts';
import { createRolloutActivities } from './rollout.ts';
import { readSender } from './sender.ts';
import { judgeSignature } from './signature.ts';

/** Seldom: many may wait. Who is aborted meanwhile has ended at once, and only its place in the line is kept for so long. */
const heartbeatMs = 10_000;

export function createOrchestratorActivities({
  config,
  store,
  client,
  beginnings,
  signer = null,
  ownUi = null,
}: {
  /** Read anew for each change, so that an edited knowngood.yaml needs no restart. */
  config: () => Promise<KnowngoodConfig>;
  store: Store;
  client: Client;
  beginnings: Beginnings;
  /** Signs what reports rest on; null: nobody does. */
  signer?: Signer | null;
  /** Address of the Web UI that this process has started itself. */
  ownUi?: string | null;
}): OrchestratorActivities {
  return {
    ...createDriftActivities({ config, store }),
    ...createNotifyActivities({ config, resolveSecret, ownUi }),
    ...createRolloutActivities({ config, store, client }),
    admit: ({ request, workflowId, lookOnly, atOnce = false }) =>
      explained('InvalidRequest', async () => {
        const admission = admit(await config(), request, lookOnly ? null : workflowId);
        if (admission.kind === 'refused') return { ...admission, problems: fitForHistory(admission.problems) };
        if (lookOnly) return admission;
        if (!atOnce) await inTurn(beginnings, beginningOf(admission.change));
        await explained('StoreUnreachable', () => store.openChange(admission.change, workflowId, neededBy(request)));
        return admission;
      }),
    checksOf: ({ target }) =>
      explained('InvalidRequest', async () => {
        const { targets, dependents } = await config();
        if (targets[target] === undefined)
          return { kind: 'refused', problems: [unknownTarget(target, Object.keys(targets))] };
        const checks = dependents.filter(({ uses }) => uses === target).flatMap((dependent) => dependent.checks);
        return { kind: 'checks', checks };
      }),
    wasReset: async ({ workflowId }) => {
      const events = await historyOf(client, workflowId, activityInfo().workflowExecution?.runId ?? '');
      return events.some(isResetMark);
    },
    claimedIdentity: async ({ workflowId, ...origin }) =>
      readSender(client, workflowId, activityInfo().workflowExecution?.runId ?? '', origin),
    checkSignature: ({ asked, ...signed }) =>
      explained('InvalidRequest', async () => {
        const { approvers = [] } = await config();
        const runId = activityInfo().workflowExecution?.runId ?? '';
        return judgeSignature(approvers, { ...signed, asked: { ...asked, runId } }, Date.now());
      }),
    report: (input) =>
      explained('StoreUnreachable', async () => {
        const { target, changeId } = input.change;
        const recorded = await store.change(target, changeId);
        // A run that a Reset began anew may end before it learns that an earlier one has written: its "no" is not the end.
        if (recorded?.outcome && wasTouched(recorded.outcome) && !wasTouched(input.result.outcome))
          return { reportId: (await store.report(target, changeId))?.id ?? '' };
        const samples = await store.samples(target, changeId);
        // Here, because what draws its pictures takes memory, and a process that only measures never draws.
        const { buildReport } = await import('../report/build.ts');
        const report = buildReport({ ...input, samples }, signer);
        await store.putReport(target, changeId, report);
        await store.closeChange(target, changeId, input.result);
        return { reportId: report.id };
      }),
  };
}

/** It waits for approvals, and what it goes back to must be there then. As it was sent, and read by `admit`. */
function neededBy(request: unknown): readonly string[] {
  const { change } = request as Partial<ChangeRequest>;
  if (change?.kind !== 'config' || change.restore === undefined) return [];
  const { snapshot, since } = change.restore;
  return since === undefined ? [snapshot] : [snapshot, since];
}

async function inTurn(beginnings: Beginnings, change: string): Promise<void> {
  const { cancellationSignal, heartbeat } = Context.current();
  const timer = setInterval(() => heartbeat('other changes begin; this one waits for its turn'), heartbeatMs);
  try {
    await beginnings.enter(change, cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
