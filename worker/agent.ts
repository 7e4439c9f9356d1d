/**
 * The agent's process: the journal first, before Temporal, the store and PostgreSQL; the lease's clocks run from then on,
 * and Temporal is connected to whenever it is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createAgentActivities } from '../activities/agent.ts';
import { type Agent, createAgent } from '../agent/agent.ts';
import { messageOf } from '../agent/agent-error.ts';
import { temporalContact } from '../agent/contact.ts';
import { ensureKey } from '../agent/key.ts';
import { type Log, stderrLog } from '../agent/log.ts';
import { isOpenChange, openStateFolder } from '../agent/state-folder.ts';
import { workerConverter } from '../codec/data-converter.ts';
import { resolveOptionalSecret } from '../config/secrets.ts';
import { temporalConnection } from '../config/temporal.ts';
import { agentQueue } from '../domain/change.ts';
import type { AgentConfig } from '../domain/config.ts';
import { agentFigures } from '../metrics/agent.ts';
import { type MetricsEndpoint, serveMetrics } from '../metrics/endpoint.ts';
import { openRegistry } from '../metrics/registry.ts';
import { createStore } from '../store/postgres-store.ts';
import { lazyStore } from '../store/lazy-store.ts';
import type { Store } from '../store/store.ts';
import { openTracing } from '../traces/tracing.ts';
import { connectNatively } from './native-connection.ts';
import { openTarget } from './open-target.ts';
import { calmRuntime } from './runtime-log.ts';
import { ownVersion } from './stack/package-root.ts';

export interface AgentRunOptions {
  readonly log?: Log;
  /** Called once a server that starts after the agent may start, whether Temporal is there or not. */
  readonly onServerMayStart?: () => void;
}

export interface RunningAgent {
  /** Without Temporal it works too: what the journal says, and what is left of the lease. */
  readonly agent: Agent;
  /** Where its figures are read, `host:port`; null: nowhere. */
  readonly metrics: string | null;
  /** Ends with an error when the agent cannot go on, for example without its journal. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

const retryPausesMs = [1_000, 2_000, 5_000, 10_000, 30_000];

/** Steps that may run at the same time: a long apply or revert, its join by a retry, and the short ones beside them. */
const atOnce = 20;

/**
 * Of ten by default, 120 agents would use up the 1,200 that Temporal grants a namespace (`frontend.namespaceCount`), and no
 * further one be reached. Two, so that a step is taken while the other poll returns.
 */
export const agentPolls = 2;

/** Resolves once the agent polls its queue, or as soon as it is known that Temporal is away. */
export async function runAgent(
  config: AgentConfig,
  { log = stderrLog, onServerMayStart }: AgentRunOptions = {},
): Promise<RunningAgent> {
  calmRuntime(config.metrics.sdk);
  const key = await ensureKey(config.keyFile);
  const state = await openStateFolder(config, key, 'agent', log);
  const looking = lazyConnection(config);
  const store = config.store === null ? null : lazyStore(() => openStore(config));
  // With a change open its files can be put back without SQL: a lost password must not stop that.
  const open = isOpenChange(state, state.journal.read());
  const withoutPassword = (error: unknown): void => log.warn(`going on without SQL: ${messageOf(error)}`);
  const target = await openTarget(config, key, open ? withoutPassword : undefined);
  const close = async (): Promise<void> => {
    await Promise.all([target.close(), looking.close(), store?.close().catch(() => undefined)]);
    state.close();
  };
  const version = await ownVersion();
  const agent = await createAgent({
    config,
    target,
    state,
    store: store === null ? null : () => Promise.resolve(store),
    contact: temporalContact(looking.open),
    version,
    log,
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  if (onServerMayStart) void agent.serverMayStart.then(onServerMayStart);
  const tracing = await openTracing({ role: 'agent', warn: log.warn });
  const stopping = new AbortController();
  const serving = { worker: null as Worker | null };
  const endpoint = await metricsOf(config, agent, () => serving.worker !== null, version, log);
  let firstTry: () => void = () => undefined;
  const tried = new Promise<void>((resolve) => (firstTry = resolve));
  const done = serveForEver();
  await Promise.race([tried, done]);
  return {
    agent,
    metrics: endpoint?.address ?? null,
    done,
    async stop() {
      stopping.abort();
      log.info('stopping; a step that runs is waited for');
      agent.endWaits();
      if (serving.worker?.getState() === 'RUNNING') serving.worker.shutdown();
      await done;
      await agent.close();
      await Promise.all([endpoint?.close(), tracing.close(), close()]);
    },
  };

  async function serveForEver(): Promise<void> {
    for (let tries = 0; !stopping.signal.aborted; tries += 1) {
      const began = performance.now();
      try {
        await serve();
      } catch (error) {
        log.warn(`${messageOf(error)}; the lease goes on, and Temporal is tried again`);
      }
      firstTry();
      if (performance.now() - began > 60_000) tries = 0;
      const pause = retryPausesMs[Math.min(tries, retryPausesMs.length - 1)] ?? 30_000;
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function serve(): Promise<void> {
    const { options, namespace, payloadKeys } = await temporalConnection(config.temporal);
    const connection = await connectNatively(options);
    try {
      const taskQueue = agentQueue(config.target);
      const worker = await Worker.create({
        connection,
        namespace,
        dataConverter: workerConverter(payloadKeys),
        taskQueue,
        activities: { ...createAgentActivities(agent) },
        maxConcurrentActivityTaskExecutions: atOnce,
        // The SDK ignores `maxConcurrentActivityTaskPolls` (1.24.0).
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: agentPolls },
        identity: `knowngood-agent-${config.target}@${process.pid}`,
        // A step that runs is waited for, and until then hears that its change was aborted.
        shutdownGraceTime: '1 hour',
        // By default a cancellation waits with the heartbeat for most of its timeout.
        maxHeartbeatThrottleInterval: '1 second',
        ...tracing.worker,
      });
      serving.worker = worker;
      const running = worker.run();
      log.info(`agent for ${config.target} serves ${taskQueue}`);
      firstTry();
      if (stopping.signal.aborted) worker.shutdown();
      await running;
    } finally {
      serving.worker = null;
      await connection.close().catch(() => undefined);
    }
  }
}

async function metricsOf(
  { metrics: { listen } }: AgentConfig,
  agent: Agent,
  isServing: () => boolean,
  version: string,
  log: Log,
): Promise<MetricsEndpoint | null> {
  if (listen === null) return null;
  const registry = openRegistry('agent', version);
  return serveMetrics({ registry, listen, refresh: agentFigures(agent.state, isServing, registry), warn: log.warn });
}

/** Connects when it is first asked, and by itself again after Temporal was away. Missing TLS files may appear later. */
function lazyConnection({ temporal }: AgentConfig): {
  open(): Promise<{ connection: Connection; namespace: string }>;
  close(): Promise<void>;
} {
  let opened: { connection: Connection; namespace: string } | null = null;
  return {
    async open() {
      if (opened !== null) return opened;
      const { options, namespace } = await temporalConnection(temporal);
      return (opened ??= { connection: Connection.lazy(options), namespace });
    },
    close: async () => opened?.connection.close(),
  };
}

async function openStore({ store }: AgentConfig): Promise<Store> {
  if (store === null) throw new Error('agent.yaml names no store');
  return createStore({ database: store, password: await resolveOptionalSecret(store.password) });
}
