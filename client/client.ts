/** The typed client for pipelines: start a guarded change, decide about it, wait for its end. What `import 'knowngood'` gives. */
import type { Client, ClientInterceptors } from '@temporalio/client';
import type { Asked } from '../domain/access/impact.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { agentQueue, orchestratorQueue } from '../domain/change.ts';
import type { Problem } from '../domain/problem.ts';
import { parseChangeRequest } from '../domain/request.schema.ts';
import { changeHandle } from './change-handle.ts';
import type { ChangeHandle } from './change-handle.ts';
import { connect } from './connection.ts';
import type { TemporalTarget } from './connection.ts';
import { type DriftClient, driftClient } from './drift.ts';
import { findChange, listChanges } from './find.ts';
import type { FoundChange } from './find.ts';
import type { CheckToProve } from '../domain/proof.ts';
import { explainAccess, planChange, proveChecks, takeSnapshot, testNotifications, tryChecks } from './look.ts';
import type { Explained, Planned, ProofAnswer, SnapshotAnswer, TestAnswer, TriedAnswer } from './look.ts';
import { hasPoller, missingAttributes } from './presence.ts';
import type { Refused } from './refusals.ts';
import { type RolloutClient, rolloutClient } from './rollout.ts';
import { startChange } from './start.ts';
import type { Started } from './start.ts';

export type { ChangeHandle, Said } from './change-handle.ts';
export type { Refused } from './refusals.ts';
export type { Change, ChangeRequest } from '../domain/change.ts';
export type { PlanSummary } from '../domain/plan.ts';
export type { Problem } from '../domain/problem.ts';
export type { ChangeResult } from '../domain/result.ts';

export interface KnowngoodClient {
  /** `user@host`: what Temporal records about each request. */
  readonly identity: string;
  /** Refuses a request that is wrong in itself, and secrets in it, before anything is sent. */
  start(request: ChangeRequest): Promise<Started>;
  plan(request: ChangeRequest): Promise<Planned>;
  takeSnapshot(target: string): Promise<SnapshotAnswer>;
  /** Who gets in now, and by which rule. `withObserved`: those too whom the agent has seen. */
  explainAccess(target: string, asked: readonly Asked[], withObserved: boolean): Promise<Explained>;
  /** Whether checks go red once their access is cut: asked on a scratch server of the target's host. */
  proveChecks(target: string, checks: readonly CheckToProve[]): Promise<ProofAnswer>;
  /** Each check once, from where it is measured; `check` null: all of the target's. Nothing is recorded. */
  tryChecks(target: string, check: string | null): Promise<TriedAnswer>;
  /** One change for many targets, in waves. */
  readonly rollouts: RolloutClient;
  /** What differs from known-good, and who accepts that. */
  readonly drift: DriftClient;
  /** Tells a team a test through each of its channels, and says what each answered. */
  testNotifications(team: string): Promise<TestAnswer>;
  change(target: string, changeId: string): ChangeHandle;
  /** By `<target>:<change id>`, a change id, or a target with exactly one open change. `targets`: names known from the configuration. */
  find(
    name: string,
    options?: { readonly targets?: readonly string[]; readonly openOnly?: boolean },
  ): Promise<{ readonly kind: 'found'; readonly change: ChangeHandle } | Refused>;
  /** Newest first; told a moment later than it happens. */
  list(options?: {
    readonly target?: string;
    readonly open?: boolean;
    readonly limit?: number;
  }): Promise<FoundChange[]>;
  /** Whether an orchestrator worker has polled lately. */
  hasWorker(): Promise<boolean>;
  /** Whether the target's agent has polled lately. */
  hasAgent(target: string): Promise<boolean>;
  /** Those of ours that the namespace does not know: a workflow that sets one would be wedged. */
  missingSearchAttributes(): Promise<string[]>;
  close(): Promise<void>;
}

export interface ClientOptions {
  /** Left out: the standard Temporal variables and profile. */
  readonly temporal?: TemporalTarget;
  readonly identity?: string;
  /** Around each call, for example those of `@temporalio/interceptors-opentelemetry`: its trace goes through the change. */
  readonly interceptors?: ClientInterceptors;
}

export async function createKnowngoodClient(
  options: ClientOptions = {},
): Promise<{ readonly kind: 'connected'; readonly client: KnowngoodClient } | Refused> {
  const connected = await connect(options.temporal, options.identity, options.interceptors);
  if (connected.kind === 'refused') return connected;
  return { kind: 'connected', client: clientOver(connected.client, connected.identity) };
}

function clientOver(client: Client, identity: string): KnowngoodClient {
  const checked = async <T>(
    request: ChangeRequest,
    send: (request: ChangeRequest) => Promise<T>,
  ): Promise<T | Refused> => {
    const parsed = parseChangeRequest({ requestedBy: identity, ...request });
    return parsed.kind === 'invalid' ? refusedBy(parsed.problems) : send(parsed.value);
  };
  return {
    identity,
    start: (request) => checked(request, (good) => startChange(client, good)),
    plan: (request) => checked(request, (good) => planChange(client, good)),
    takeSnapshot: (target) => takeSnapshot(client, target),
    explainAccess: (target, asked, withObserved) => explainAccess(client, target, asked, withObserved),
    proveChecks: (target, checks) => proveChecks(client, target, checks),
    tryChecks: (target, check) => tryChecks(client, target, check),
    rollouts: rolloutClient(client, identity),
    drift: driftClient(client),
    testNotifications: (team) => testNotifications(client, team, identity),
    change: (target, changeId) => changeHandle(client, target, changeId),
    find: (name, { targets = [], openOnly = true } = {}) =>
      findChange(client, name, { targets, openOnly, askAgent: (target) => holderOf(client, target) }),
    list: (options) => listChanges(client, options),
    hasWorker: () => hasPoller(client, orchestratorQueue, 'workflow'),
    hasAgent: (target) => hasPoller(client, agentQueue(target), 'activity'),
    missingSearchAttributes: () => missingAttributes(client),
    close: () => client.connection.close(),
  };
}

function refusedBy(problems: readonly Problem[]): Refused {
  return { kind: 'refused', problems };
}

async function holderOf(client: Client, target: string): Promise<string | null> {
  const answer = await takeSnapshot(client, target);
  return answer.kind === 'busy' ? answer.holder.changeId : null;
}
