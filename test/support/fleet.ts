/** Many targets for one test file: Temporal, a store, one real server, a worker, and agents whose targets are simulated as in the bench. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { aChange } from '../../bench/load/changes.ts';
import { furnish, type House } from '../../bench/load/places.ts';
import { hbaWithService } from '../../bench/load/service.ts';
import { runSimulatedAgents } from '../../bench/load/simulated-agents.ts';
import { openSwitchboard, type Switchboard } from '../../bench/load/switchboard.ts';
import { createKnowngoodClient, type KnowngoodClient } from '../../client/client.ts';
import type { RolloutHandle } from '../../client/rollout.ts';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { RolloutView } from '../../domain/rollout/details.ts';
import type { RolloutRequest, RolloutResult } from '../../domain/rollout/rollout.ts';
import type { Store } from '../../store/store.ts';
import { type RunningWorker, runWorker } from '../../worker/orchestrator.ts';
import { createCluster } from '../../worker/stack/cluster.ts';
import { startTemporal } from '../../worker/stack/temporal-server.ts';
import { withStore } from '../../worker/store-access.ts';
import { eventually } from './processes.ts';
import { recordRuns } from './record.ts';

interface Wanted extends Pick<House, 'defaults'> {
  readonly ui?: boolean;
}

export interface Fleet {
  readonly client: Client;
  /** With `ui`. */
  readonly uiAddress: string;
  readonly knowngood: KnowngoodClient;
  readonly knowngoodYaml: string;
  readonly switchboard: Switchboard;
  /** Without the one that has a server. */
  readonly targets: readonly string[];
  start(bent: Partial<RolloutRequest>): Promise<Rolled>;
  inStore<T>(use: (store: Store) => Promise<T>): Promise<T>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
}

export interface Rolled extends RolloutHandle {
  now(): Promise<RolloutView>;
  reaches(what: string, holds: (view: RolloutView) => boolean, withinMs?: number): Promise<RolloutView>;
  outcome(): Promise<RolloutResult>;
  /** Of the change of one target, at any time. */
  child(target: string): ReturnType<Client['workflow']['getHandle']>;
}

/** `count` simulated targets: `t001`, …; labels `parity: even | odd`. */
export function useFleet(count: number, wanted: Wanted = {}): () => Fleet {
  let fleet: Fleet | null = null;
  const ends: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    fleet = await openFleet(count, wanted, ends);
  }, 120_000);
  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  }, 60_000);
  return () => {
    if (fleet === null) throw new Error('the fleet is there from beforeAll on');
    return fleet;
  };
}

async function openFleet(
  count: number,
  { defaults, ui = false }: Wanted,
  ends: (() => Promise<unknown>)[],
): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-fleet-'));
  ends.push(async () => rmSync(folder, { recursive: true, force: true }));
  const temporal = await startTemporal({ ui });
  ends.push(temporal.stop);
  const [store, server] = await Promise.all([
    createCluster({ major: 17, settings: { max_connections: '100' } }),
    createCluster({ major: 17, hba: hbaWithService }),
  ]);
  ends.push(() => Promise.all([store.remove(), server.remove()]));
  const switchboard = await openSwitchboard();
  ends.push(switchboard.close);
  const { address, namespace } = temporal;
  const { knowngoodYaml, places } = await furnish(
    {
      folder,
      temporal: { address, namespace },
      store,
      switchboard: switchboard.address,
      labels: (at) => ({ kind: at === 0 ? 'real' : 'simulated', parity: at % 2 === 0 ? 'even' : 'odd' }),
      defaults: {
        soak: '1s',
        checks: { interval: '200ms', timeout: '2s', failures: 3, successes: 1 },
        ...defaults,
      },
    },
    [server],
    count + 1,
  );
  const [template, ...simulated] = places;
  if (template === undefined) throw new Error('there is a template');
  const agents = await runSimulatedAgents(
    template.agentYaml,
    simulated.map(({ agentYaml }) => agentYaml),
  );
  ends.push(agents.stop);
  const config = await loadKnowngoodConfig(knowngoodYaml);
  const workers: RunningWorker[] = [];
  const stopWorker = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.stop();
  };
  const startWorker = async (): Promise<void> => void workers.push(await runWorker(config));
  await startWorker();
  ends.push(stopWorker);
  const connection = await Connection.connect({ address });
  ends.push(() => connection.close());
  const client = new Client({ connection, namespace });
  const connected = await createKnowngoodClient({
    temporal: { options: { address }, namespace },
    identity: 'tester@fleet',
  });
  if (connected.kind === 'refused') throw new Error(JSON.stringify(connected.problems));
  const { client: knowngood } = connected;
  ends.push(() => knowngood.close());
  return {
    client,
    uiAddress: temporal.uiAddress ?? '',
    knowngood,
    knowngoodYaml,
    switchboard,
    targets: simulated.map(({ target }) => target),
    start: async (bent) => rolled(client, knowngood, bent),
    inStore: (use) => {
      if (config.store === null) throw new Error('the fleet has a store');
      return withStore(config.store, use);
    },
    startWorker,
    stopWorker,
  };
}

async function rolled(client: Client, knowngood: KnowngoodClient, bent: Partial<RolloutRequest>): Promise<Rolled> {
  const request: RolloutRequest = {
    rolloutId: `r-${randomBytes(4).toString('hex')}`,
    reason: 'a test',
    requestedBy: 'alex',
    change: aChange,
    targets: { labels: 'kind=simulated' },
    ...bent,
  };
  const started = await knowngood.rollouts.start(request);
  if (started.kind === 'refused') throw new Error(JSON.stringify(started.problems));
  const { rollout } = started;
  const now = async (): Promise<RolloutView> => {
    const answer = await rollout.view();
    if (answer.kind !== 'view') throw new Error(JSON.stringify(answer.problems));
    return answer.view;
  };
  return {
    ...rollout,
    now,
    reaches: async (what, holds, withinMs = 60_000) => {
      await eventually(what, async () => holds(await now()), withinMs).catch(async (error: unknown) => {
        throw new Error(`${String(error)}; ${JSON.stringify(await now())}`);
      });
      return now();
    },
    outcome: async () => {
      const answer = await rollout.result();
      if (answer.kind !== 'closed') throw new Error(JSON.stringify(answer.problems));
      await recordRuns(`rollout-${answer.result.outcome}`, client, rollout.workflowId);
      return answer.result;
    },
    child: (target) => client.workflow.getHandle(workflowIdOf(target, request.rolloutId)),
  };
}

/** Before that a dependent that fails is a red baseline. */
export function untilWatched(handle: { query(name: 'view'): Promise<unknown> }): Promise<void> {
  return eventually(
    'the change is watched',
    async () => {
      const view = (await handle.query('view').catch(() => null)) as { readonly phase: string } | null;
      return view?.phase === 'watch';
    },
    60_000,
  );
}

/** As somebody presses Reset: back to the first workflow task. The run that begins anew has its id. */
export async function resetToStart(client: Client, workflowId: string): Promise<string> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    reason: 'a test',
    requestId: randomBytes(8).toString('hex'),
    workflowTaskFinishEventId: first ?? null,
  });
  return runId;
}
