/** The orchestrator's process: workflows, its own activities, and the default probe; or one probe location alone. */
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import { createBeginnings } from '../activities/beginnings.ts';
import { createOrchestratorActivities } from '../activities/orchestrator.ts';
import { tellWorkflow } from '../activities/live.ts';
import { createProbeActivities } from '../activities/probe.ts';
import { clientConverter, workerConverter } from '../codec/data-converter.ts';
import { followKnowngoodConfig } from '../config/load.ts';
import { resolveOptionalSecret, resolveSecret } from '../config/secrets.ts';
import { temporalConnection } from '../config/temporal.ts';
import { defaultLocation, orchestratorQueue, probeQueue } from '../domain/change.ts';
import type { KnowngoodConfig, ListenAddress } from '../domain/config.ts';
import { workerFigures } from '../metrics/worker.ts';
import { openSampleFolder } from '../probes/sample-folder.ts';
import type { ProbeCommands } from '../probes/command.ts';
import type { RecordSamples } from '../probes/sample-spool.ts';
import { lazyStore } from '../store/lazy-store.ts';
import { createStore } from '../store/postgres-store.ts';
import type { Store } from '../store/store.ts';
import { openTracing } from '../traces/tracing.ts';
import { workflowSource } from './bundle.ts';
import { keepDriftSchedules } from './drift-schedules.ts';
import { connectNatively } from './native-connection.ts';
import { watchForOrphans } from './orphans.ts';
import { signingKey } from './report-key.ts';
import { calmRuntime } from './runtime-log.ts';
import { keepTidy } from './tidy.ts';
import { ownVersion } from './stack/package-root.ts';
import { registerSearchAttributes } from './stack/temporal-server.ts';

export interface RunningWorker {
  /** Settles when the worker has ended, with its error if it was one. */
  readonly done: Promise<void>;
  /** Where its figures are read, `host:port`; null: nowhere. */
  readonly metrics: string | null;
  /** Lets running activities end, then closes every connection. */
  stop(): Promise<void>;
}

export interface WorkerSettings {
  /** Only measures, from this location. */
  readonly probeOnly?: string;
  /** Where samples wait for a store that is away, this process's end included. Default: in memory only. */
  readonly sampleFolder?: string;
  /** In the place of what knowngood.yaml says: several processes on one host may share it. */
  readonly metricsListen?: ListenAddress;
  /** Programs that checks may run here. Default: none. */
  readonly commands?: ProbeCommands;
  /** The key that reports are signed with where none is configured; made when it is not there. Default: they are not signed. */
  readonly signingKeyFile?: string;
}

/**
 * Steps at the same time: a watch takes one for as long as its soak, and of the SDK's hundred, the changes beyond would be in
 * force and not watched; those that wait for their turn must not keep reports from being written. Most of them only wait for
 * answers, so a thousand cost little.
 */
const stepsAtOnce = 1_000;

/** Resolves once the worker polls. */
export async function runWorker(config: KnowngoodConfig, settings: WorkerSettings = {}): Promise<RunningWorker> {
  calmRuntime(config.metrics.sdk);
  const { options, namespace, payloadKeys } = await temporalConnection(config.temporal);
  const native = await connectNatively(options);
  const connection = await Connection.connect(options);
  const dataConverter = clientConverter(payloadKeys);
  const client = new Client({ connection, namespace, dataConverter, identity: `knowngood-worker@${process.pid}` });
  const role = settings.probeOnly === undefined ? 'worker' : 'probe';
  const tracing = await openTracing({ role, warn });
  const figures = workerFigures(settings.metricsListen ?? config.metrics.listen, {
    role,
    version: await ownVersion(),
    warn,
  });
  const store = figures.store(lazyStore(() => openStore(config)));
  const location = settings.probeOnly ?? defaultLocation;
  const addSamples: RecordSamples = (target, changeId, samples) => store.addSamples(target, changeId, samples);
  const waiting =
    settings.sampleFolder === undefined || config.store === null
      ? null
      : openSampleFolder({ folder: settings.sampleFolder, store: addSamples });
  const followed = followKnowngoodConfig(config.path);
  const beginnings = createBeginnings(availableParallelism());
  const probes = createProbeActivities({
    beginnings,
    resolveSecret,
    recordSamples: figures.samples(waiting?.record ?? addSamples),
    ...(settings.commands === undefined ? {} : { commands: settings.commands }),
    tellWorkflow: tellWorkflow(client),
  });
  const common = {
    connection: native,
    namespace,
    dataConverter: workerConverter(payloadKeys),
    shutdownGraceTime: '5 seconds',
    // By default a heartbeat waits for 80 % of its timeout, and the watch's cancellation, an abort, with it: four seconds.
    maxHeartbeatThrottleInterval: '1 second',
    maxConcurrentActivityTaskExecutions: stepsAtOnce,
    ...tracing.worker,
  } satisfies WorkerOptions | object;
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: probeQueue(location),
      activities: { ...probes },
    }),
  ];
  if (settings.probeOnly === undefined) {
    // Before the first workflow: one that sets an unknown attribute is wedged for ever.
    await registerSearchAttributes(connection, namespace);
    const activities = createOrchestratorActivities({
      config: followed,
      store,
      client,
      beginnings,
      signer: await signingKey({ configured: config.signingKey, file: settings.signingKeyFile ?? null }, (why) =>
        warn(`reports are not signed: ${why}`),
      ),
      ownUi: config.uiAddress,
    });
    workers.push(
      await Worker.create({
        ...common,
        ...(await workflowSource(payloadKeys !== undefined)),
        taskQueue: orchestratorQueue,
        activities: { ...activities },
      }),
    );
  }
  // Without a store no change is known to be open, and nothing to be good.
  const hasStore = settings.probeOnly === undefined && config.store !== null;
  const orphans = hasStore ? watchForOrphans({ store, client }) : null;
  const tidying = hasStore ? keepTidy({ store, keep: async () => (await followed()).keep, warn }) : null;
  const schedules = hasStore ? keepDriftSchedules({ client, config: followed, keyId: payloadKeys?.[0]?.id }) : null;
  const endpoint = await figures.serve(hasStore ? store : null);
  const done = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  return {
    done,
    metrics: endpoint?.address ?? null,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
      await Promise.all([waiting?.close(), orphans?.stop(), schedules?.stop(), tidying?.stop(), endpoint?.close()]);
      await tracing.close();
      await Promise.all([native.close(), connection.close(), store.close().catch(() => undefined)]);
    },
  };
}

function warn(line: string): void {
  process.stderr.write(`knowngood worker: ${line}\n`);
}

async function openStore(config: KnowngoodConfig): Promise<Store> {
  if (config.store === null) throw new Error('knowngood.yaml names no store');
  return createStore({ database: config.store, password: await resolveOptionalSecret(config.store.password) });
}
