/** The short workflows that only look: a plan, a snapshot, who gets in. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Answered, Busy, Closed, NotRehearsed, Proven, Snapshotted } from '../activities/contract.ts';
import type { Asked } from '../domain/access/impact.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { orchestratorQueue } from '../domain/change.ts';
import type { CheckToProve } from '../domain/proof.ts';
import type { PlanSummary } from '../domain/plan.ts';
import type { testNotifications as testing } from '../workflows/test-notifications.ts';
import type { tryChecks as trying } from '../workflows/try-checks.ts';
import { refusalOf } from './refusals.ts';
import type { Refused } from './refusals.ts';

export type Planned = { readonly kind: 'planned'; readonly plan: PlanSummary } | Refused;
export type Explained = Answered | Refused;
export type SnapshotAnswer = Snapshotted | Busy | Closed | Refused;

export type TestAnswer = Awaited<ReturnType<typeof testing>>;
export type TriedAnswer = Awaited<ReturnType<typeof trying>>;
export type ProofAnswer = Proven | NotRehearsed | Refused;

/** Nobody waits longer for an answer that touches nothing. */
const lookTimeout = '2 minutes';
/** A scratch server is made for it, after others that wait for theirs. */
const proveTimeout = '12 minutes';

export function planChange(client: Client, request: ChangeRequest): Promise<Planned> {
  return look(client, 'planChange', request.target, request);
}

export function takeSnapshot(client: Client, target: string): Promise<SnapshotAnswer> {
  return look(client, 'takeSnapshot', target, { target });
}

export function explainAccess(
  client: Client,
  target: string,
  asked: readonly Asked[],
  withObserved: boolean,
): Promise<Explained> {
  return look(client, 'explainAccess', target, { target, asked, withObserved });
}

export function proveChecks(client: Client, target: string, checks: readonly CheckToProve[]): Promise<ProofAnswer> {
  return look(client, 'proveChecks', target, { target, checks }, proveTimeout);
}

/** Each check of the target once, from where it is measured in a change. `check` null: all of them. */
export function tryChecks(client: Client, target: string, check: string | null): Promise<TriedAnswer> {
  return look(client, 'tryChecks', target, { target, check });
}

/** Tells a team a test through each of its channels, from where every notice is told. */
export async function testNotifications(client: Client, team: string, by: string): Promise<TestAnswer> {
  const workflowId = `knowngood-notice-test:${team}:${randomUUID()}`;
  try {
    return await client.workflow.execute<typeof testing>('testNotifications', {
      workflowId,
      taskQueue: orchestratorQueue,
      args: [{ team, by }],
      workflowExecutionTimeout: proveTimeout,
      staticSummary: `a test of the channels of team ${team}`,
    });
  } catch (error) {
    return refusalOf(error, workflowId);
  }
}

async function look<T>(
  client: Client,
  workflow: string,
  target: string,
  input: object,
  timeout: typeof lookTimeout | typeof proveTimeout = lookTimeout,
): Promise<T | Refused> {
  // Not the id of a guarded change: a look must never take a change id away.
  const workflowId = `knowngood-look:${target}:${randomUUID()}`;
  try {
    return await client.workflow.execute<(input: object) => Promise<T>>(workflow, {
      workflowId,
      taskQueue: orchestratorQueue,
      args: [input],
      workflowExecutionTimeout: timeout,
    });
  } catch (error) {
    return refusalOf(error, workflowId);
  }
}
