/** The orchestrator's activities around rollouts: let one in, wait for its changes, write its report. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { type Client, isGrpcServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { admitRollout, ofTarget } from '../config/admit-rollout.ts';
import { orchestratorQueue, workflowIdOf, type ChangeRequest } from '../domain/change.ts';
import type { KnowngoodConfig } from '../domain/config.ts';
import type { PlanSummary } from '../domain/plan.ts';
import { type Problem, fitForHistory } from '../domain/problem.ts';
import type { ChangeResult } from '../domain/result.ts';
import { childEnd } from '../domain/rollout/child-end.ts';
import { rolloutHtml, rolloutMarkdown, told, type RolloutReport } from '../domain/rollout/report.ts';
import { changeOf, rolloutWorkflowId, undoIdOf } from '../domain/rollout/rollout.ts';
import type { ChildEnd } from '../domain/rollout/state.ts';
import type { ChangeView } from '../domain/view.ts';
import type { Store } from '../store/store.ts';
import { explained } from './failure.ts';
import type { RolloutActivities } from './rollout-contract.ts';

const heartbeatMs = 5_000;
/** Plans at a time: what is planned must not slow down what is taken back. */
const plansAtOnce = 4;
const planTimeout = '2 minutes';
/** Of an agent that ends a change on its own: its lease is ten minutes, unless somebody says otherwise. */
const untilUnknownMs = 3_600_000;
const lookEveryMs = 2_000;
/** As `only` of a restore takes them. */
const mostPatterns = 100;

export function createRolloutActivities({
  config,
  store,
  client,
}: {
  config: () => Promise<KnowngoodConfig>;
  store: Store;
  client: Client;
}): RolloutActivities {
  return {
    admitRollout: ({ request: input, workflowId }) =>
      explained('InvalidRequest', () =>
        beating(async () => {
          const admission = admitRollout(await config(), input);
          if (admission.kind === 'refused') return admission;
          const { request, rollout } = admission;
          const { rolloutId } = request;
          if (workflowId !== rolloutWorkflowId(rolloutId)) return refused([wrongId(workflowId, rolloutId)]);
          const targets = rollout.waves.flat();
          // After a Reset it is open already, and its changes with it: what was planned then is what is under way.
          const known = await explained('StoreUnreachable', () => store.rollout(rolloutId));
          if (known === null) {
            const problems = await problemsOf(targets, async (target) => [
              ...(await takenId(client, store, target, rolloutId)),
              ...(await planned(client, changeOf(request, target))),
            ]);
            if (problems.length > 0) return refused(problems);
          }
          const taken = await explained('StoreUnreachable', () => take(client, store, rolloutId, targets));
          return taken.length > 0 ? refused(taken) : { kind: 'admitted', rollout };
        }),
      ),

    awaitChange: ({ target, changeId }) => beating(() => endOf(client, store, target, changeId)),

    isUnderWay: ({ target, changeId }) => isRunning(client, workflowIdOf(target, changeId)),

    undoOf: async ({ target, changeId }) => {
      const recorded = await explained('StoreUnreachable', () => store.change(target, changeId));
      const { before = null, change = null } = recorded?.result?.snapshots ?? {};
      if (before === null) return null;
      // Others may have changed something since: that is theirs. What the change did is known by its own plan.
      const view = await client.workflow
        .getHandle(workflowIdOf(target, changeId))
        .query<ChangeView>('view')
        .catch(() => null);
      const plan = view?.plan ?? null;
      const only = plan === null || plan.moreItems > 0 ? [] : plan.items.map(({ key }) => key);
      return {
        snapshot: before,
        ...(only.length === 0 || only.length > mostPatterns ? {} : { only }),
        ...(change === null ? {} : { since: change }),
      };
    },

    reportRollout: ({ result, requestedBy, reason, halt }) =>
      explained('StoreUnreachable', async () => {
        const targets = await Promise.all(
          result.targets.map(async (one) => {
            const resultOf = async (changeId: string) => (await store.change(one.target, changeId))?.result ?? null;
            const [change, undo] = await Promise.all([
              resultOf(result.rolloutId),
              resultOf(undoIdOf(result.rolloutId)),
            ]);
            return { ...one, change: change === null ? null : told(change), undo: undo === null ? null : told(undo) };
          }),
        );
        const report: RolloutReport = { version: 1, ...result, requestedBy, reason, halt, targets };
        const faces = { markdown: rolloutMarkdown(report), html: rolloutHtml(report), json: report };
        await store.closeRollout(result.rolloutId, result.outcome, faces);
      }),
  };
}

function refused(problems: readonly Problem[]): { kind: 'refused'; problems: readonly Problem[] } {
  return { kind: 'refused', problems: fitForHistory(problems) };
}

function wrongId(workflowId: string, rolloutId: string): Problem {
  return {
    code: 'wrong-workflow-id',
    message: `workflow id "${workflowId}" does not belong to this rollout`,
    hint: `Start it as "${rolloutWorkflowId(rolloutId)}": that keeps one rollout from running twice.`,
  };
}

/** Alive for as long as `work` takes; ends when the run that asked has ended. */
async function beating<T>(work: () => Promise<T>): Promise<T> {
  const { heartbeat, cancelled } = Context.current();
  const timer = setInterval(() => heartbeat(), heartbeatMs);
  try {
    return await Promise.race([work(), cancelled]);
  } finally {
    clearInterval(timer);
  }
}

async function problemsOf(
  targets: readonly string[],
  look: (target: string) => Promise<readonly Problem[]>,
): Promise<readonly Problem[]> {
  const queue = [...targets];
  const problems = new Map<string, readonly Problem[]>();
  const next = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift())
      problems.set(target, await look(target));
  };
  await Promise.all(Array.from({ length: plansAtOnce }, next));
  return targets.flatMap((target) => (problems.get(target) ?? []).map((problem) => ofTarget(target, problem)));
}

/** A "no" to the change itself. What may be otherwise when its turn comes (busy, no agent) is for the budget to count. */
async function planned(client: Client, request: ChangeRequest): Promise<readonly Problem[]> {
  type Answer = { kind: 'planned'; plan: PlanSummary } | { kind: 'refused'; problems: readonly Problem[] };
  const answer = await client.workflow.execute<(input: ChangeRequest) => Promise<Answer>>('planChange', {
    workflowId: `knowngood-look:${request.target}:${randomUUID()}`,
    taskQueue: orchestratorQueue,
    args: [request],
    workflowExecutionTimeout: planTimeout,
  });
  return answer.kind === 'planned' ? [] : answer.problems.filter(({ code }) => !passing.has(code));
}

const passing: ReadonlySet<string> = new Set([
  'no-agent',
  'no-worker',
  'step-timed-out',
  'target-busy',
  'closed',
  'unreachable',
  'snapshot-failed',
  'torn-reading',
  'TargetUnreachable',
  'StoreUnreachable',
  'AgentInternal',
]);

async function takenId(client: Client, store: Store, target: string, changeId: string): Promise<readonly Problem[]> {
  const recorded = await store.change(target, changeId);
  const isThere =
    recorded !== null ||
    (await client.workflow
      .getHandle(workflowIdOf(target, changeId))
      .describe()
      .then(
        () => true,
        (error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        },
      ));
  if (!isThere) return [];
  return [
    {
      code: 'change-id-taken',
      message: `change id "${changeId}" belongs to another change`,
      hint: 'Give the rollout another name.',
    },
  ];
}

/** Takes the targets; those of a rollout whose workflow was ended from outside are free. */
async function take(
  client: Client,
  store: Store,
  rolloutId: string,
  targets: readonly string[],
): Promise<readonly Problem[]> {
  for (let tries = 1; ; tries += 1) {
    const answer = await store.openRollout(rolloutId, rolloutWorkflowId(rolloutId), targets);
    if (answer.kind === 'opened') return [];
    if (answer.kind === 'closed')
      return [{ code: 'rollout-id-taken', message: `rollout "${rolloutId}" has ended`, hint: 'Give it another name.' }];
    const alive: string[] = [];
    for (const other of new Set(answer.by.map((held) => held.rolloutId))) {
      if (await isRunning(client, rolloutWorkflowId(other))) alive.push(other);
      else await store.closeRollout(other, 'ended-from-outside', null);
    }
    if (alive.length > 0 || tries > 3)
      return answer.by.map(({ target, rolloutId: other }) => ({
        code: 'target-in-rollout',
        message: `target ${target} is in rollout ${other}, which is open`,
        hint: `Wait for it, or abort it: knowngood rollout abort ${other}.`,
      }));
  }
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function endOf(client: Client, store: Store, target: string, changeId: string): Promise<ChildEnd> {
  try {
    return childEnd((await client.workflow.getHandle(workflowIdOf(target, changeId)).result()) as ChangeResult);
  } catch (error) {
    const isGone = error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError;
    if (!isGone && !isGrpcNotFound(error)) throw error;
  }
  // Ended from outside: the agent reverts by itself, and what it says is recorded.
  const since = performance.now();
  while (performance.now() - since < untilUnknownMs) {
    const recorded = await store.change(target, changeId);
    if (recorded === null) break;
    if (recorded.result !== null) return childEnd(recorded.result);
    await sleep(lookEveryMs);
  }
  const summary = 'its workflow was ended from outside, and nobody says how the change has ended';
  return { outcome: 'unknown', reason: null, summary, red: false };
}

function isGrpcNotFound(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === 5;
}
