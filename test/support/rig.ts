/** The whole house for one test file: Temporal, a store, a target with one dependent, worker and agent in this process. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import pg from 'pg';
import { hasCode } from '../../agent/durable.ts';
import { clientConverter } from '../../codec/data-converter.ts';
import { loadAgentConfig, loadKnowngoodConfig } from '../../config/load.ts';
import { temporalConnection } from '../../config/temporal.ts';
import { startOptions } from '../../client/start.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import type { RememberedDrift } from '../../domain/drift/telling.ts';
import type { ChangeResult } from '../../domain/result.ts';
import type { ChangeView } from '../../domain/view.ts';
import type { Acceptance } from '../../store/drift-store.ts';
import type { ChangeRow, StoredReport } from '../../store/store.ts';
import { withStore } from '../../worker/store-access.ts';
import { runAgent } from '../../worker/agent.ts';
import { type RunningWorker, type WorkerSettings, runWorker } from '../../worker/orchestrator.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { startTemporal } from '../../worker/stack/temporal-server.ts';
import { eventually } from './processes.ts';
import { record } from './record.ts';

export interface Rig {
  readonly target: Cluster;
  readonly targetName: string;
  readonly client: Client;
  readonly temporalAddress: string;
  /** knowngood.yaml and agent.yaml stand here. */
  readonly folder: string;
  start(request: Partial<ChangeRequest> & Pick<ChangeRequest, 'change'>): Promise<Handle>;
  /** Every configuration file with its bytes' hash, mode and owner, to be compared before and after. */
  configuration(): Promise<Record<string, string>>;
  /** Makes pg_hba.conf deny the dependent, as the upgrade of April 12 did; without a reload nothing notices yet. */
  hbaWithoutDependent(): Promise<string>;
  /** What the store says of a change, and its report. */
  recorded(changeId: string): Promise<Recorded>;
  /** What the store says of who had a snapshot accepted; null: nobody. */
  accepted(snapshotId: string): Promise<Acceptance | null>;
  /** The drift that the store remembers; null: there never was one. */
  remembered(): Promise<RememberedDrift | null>;
  /** Runs SQL in the store, behind everybody's back. */
  inStore(sql: string): Promise<void>;
  startAgent(): Promise<void>;
  stopAgent(): Promise<void>;
  /** `probeOnly`: only measures, and runs no workflow. */
  startWorker(settings?: Pick<WorkerSettings, 'probeOnly'>): Promise<void>;
  /** Probe included. */
  stopWorker(): Promise<void>;
  /** Where figures are read, as the processes say. */
  metrics(): { readonly worker: string | null; readonly agent: string | null };
}

export interface Recorded {
  readonly row: ChangeRow | null;
  readonly report: StoredReport | null;
}

export interface Handle extends WorkflowHandle {
  readonly changeId: string;
  view(): Promise<ChangeView>;
  reaches(phase: string, withinMs?: number): Promise<ChangeView>;
  outcome(): Promise<ChangeResult>;
}

export interface RigSettings {
  readonly policy?: string;
  /** The class of a change by which somebody loses access; default `low`. */
  readonly accessLost?: 'low' | 'high' | 'refused';
  readonly agentYaml?: (target: Cluster) => string;
  /** As whom the agent connects, password by reference; default: the target's superuser. */
  readonly agentLogin?: { readonly user: string; readonly password: string };
  readonly soak?: string;
  /** A scratch server for each change takes seconds; default false. */
  readonly rehearsal?: boolean;
  /** agent.yaml's `observe`; default `false`. */
  readonly observe?: string;
  /** knowngood.yaml's `drift`; default `false`. */
  readonly drift?: string;
  /** Default 30 s. */
  readonly lease?: string;
  readonly holdTimeout?: string;
  /** More checks of the dependent, as YAML lines. */
  readonly checks?: (targetName: string) => string;
  /** Default: one that nobody else has. */
  readonly targetName?: string;
  /** `approvers` and `groups`, as YAML. */
  readonly approvers?: string;
  /** `teams` and `notifications` of knowngood.yaml, as YAML. Default: nobody is told anything. */
  readonly teams?: () => string;
  /** Default: a server of its own. */
  readonly temporal?: () => Promise<string>;
  /** How worker and agent reach it: the `temporal` section of both files. Default: its address alone. */
  readonly temporalSection?: (address: string) => Promise<string>;
}

/** One rig a file: started before its tests, gone after them. */
export function useRig(settings: RigSettings = {}): () => Rig {
  let rig: (Rig & { stop(): Promise<void> }) | null = null;
  beforeAll(async () => {
    rig = await startRig(settings);
  }, 120_000);
  afterAll(async () => {
    await rig?.stop();
  });
  return () => {
    if (!rig) throw new Error('the rig is there from beforeAll on');
    return rig;
  };
}

async function startRig(settings: RigSettings): Promise<Rig & { stop(): Promise<void> }> {
  const targetName = settings.targetName ?? `t-${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-rig-'));
  // A server of its own: two rigs on one would share the orchestrator's queue, and each knows its target only.
  const own = settings.temporal ? null : await startTemporal({ ui: false });
  const address = own ? own.address : ((await settings.temporal?.()) ?? '');
  const section = (await settings.temporalSection?.(address)) ?? `{ address: '${address}', namespace: default }`;
  const [target, store] = await Promise.all([
    createCluster({ major: 17, hba: hbaOf(true) }),
    createCluster({ major: 17 }),
  ]);
  await prepareTarget(target);
  writeFileSync(join(folder, 'image-password'), imagePassword);
  writeFileSync(join(folder, 'target-password'), target.password);
  writeFileSync(join(folder, 'store-password'), store.password);
  writeFileSync(join(folder, 'knowngood.yaml'), knowngoodYaml(targetName, folder, target, store, section, settings));
  writeFileSync(join(folder, 'agent.yaml'), agentYaml(targetName, folder, target, store, section, settings));
  const config = await loadKnowngoodConfig(join(folder, 'knowngood.yaml'));
  const workers: RunningWorker[] = [];
  const startWorker = async (workerSettings: WorkerSettings = {}): Promise<void> => {
    workers.push(await runWorker(config, { signingKeyFile: join(folder, 'report-key.pem'), ...workerSettings }));
  };
  const stopWorker = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.stop();
  };
  await startWorker();
  let agent: Awaited<ReturnType<typeof runAgent>> | null = null;
  const startAgent = async (): Promise<void> => {
    agent = await runAgent(await loadAgentConfig(join(folder, 'agent.yaml')));
  };
  const stopAgent = async (): Promise<void> => {
    await agent?.stop();
    agent = null;
  };
  await startAgent();
  const connection = await Connection.connect({ address });
  const { payloadKeys } = await temporalConnection(config.temporal, null);
  const client = new Client({ connection, identity: 'tester@rig', dataConverter: clientConverter(payloadKeys) });
  return {
    target,
    targetName,
    client,
    temporalAddress: address,
    folder,
    inStore: (sql) => runOn(store, sql),
    recorded: (changeId) => {
      if (config.store === null) throw new Error('the rig has a store');
      return withStore(config.store, async (it) => ({
        row: await it.change(targetName, changeId),
        report: await it.report(targetName, changeId),
      }));
    },
    accepted: (snapshotId) => {
      if (config.store === null) throw new Error('the rig has a store');
      return withStore(config.store, (it) => it.acceptance(targetName, snapshotId));
    },
    remembered: () => {
      if (config.store === null) throw new Error('the rig has a store');
      return withStore(config.store, (it) => it.drift(targetName));
    },
    startAgent,
    stopAgent,
    startWorker,
    stopWorker,
    metrics: () => ({ worker: workers.at(-1)?.metrics ?? null, agent: agent?.metrics ?? null }),
    start: (request) => start(client, targetName, request),
    configuration: () => configurationOf(target.dataDir),
    hbaWithoutDependent: async () => hbaOf(false),
    stop: async () => {
      await stopAgent();
      await stopWorker();
      await connection.close();
      await Promise.all([target.remove(), store.remove(), own?.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const imagePassword = 'image-secret';

function hbaOf(withDependent: boolean): string {
  return `local all postgres trust
host all postgres 127.0.0.0/8 scram-sha-256
${withDependent ? 'host shop image_svc 127.0.2.0/24 scram-sha-256\n' : ''}`;
}

async function prepareTarget(target: Cluster): Promise<void> {
  await runOn(target, `create role image_svc login password '${imagePassword}'`);
  await runOn(target, 'create database shop');
}

async function runOn(cluster: Cluster, statement: string): Promise<void> {
  const sql = new pg.Client({ connectionString: cluster.url() });
  await sql.connect();
  await sql.query(statement);
  await sql.end();
}

function knowngoodYaml(
  name: string,
  folder: string,
  target: Cluster,
  store: Cluster,
  section: string,
  settings: RigSettings,
): string {
  return `
targets:
  ${name}:
    connection: postgresql://postgres@127.0.0.1:${target.port}/postgres
    password: '\${file:${folder}/target-password}'
    policy: test
dependents:
  image-service:
    uses: ${name}
    team: application
    checks:
      login:
        sql: { as: image_svc, password: '\${file:${folder}/image-password}', database: shop, source: 127.0.2.1, query: select 1, sslmode: disable }
        level: required
${settings.checks?.(name) ?? ''}
policies:
  test:
    lease: ${settings.lease ?? '30s'}
    soak: ${settings.soak ?? '2s'}
    settle: { restart: 2s, reload: 0s }
    holdTimeout: ${settings.holdTimeout ?? '3s'}
    checks: { interval: 200ms, timeout: 2s, failures: 3, errors: 5, successes: 2 }
    # What a preflight would refuse is to be seen in force: how it is watched and taken back.
    risk: { accessLost: ${settings.accessLost ?? 'low'} }
    drift: ${settings.drift ?? 'false'}
    ${settings.policy ?? ''}
${settings.approvers ?? ''}
store: { connection: 'postgresql://postgres@127.0.0.1:${store.port}/postgres', password: '\${file:${folder}/store-password}' }
temporal: ${section}
${settings.teams?.() ?? ''}
`;
}

function agentYaml(
  name: string,
  folder: string,
  target: Cluster,
  store: Cluster,
  section: string,
  settings: RigSettings,
): string {
  const { user, password } = settings.agentLogin ?? {
    user: 'postgres',
    password: `\${file:${folder}/target-password}`,
  };
  return `
target: ${name}
connection: postgresql://${user}@127.0.0.1:${target.port}/postgres
password: '${password}'
stateDir: ${folder}/state
keyFile: ${folder}/agent.key
restart: ${JSON.stringify(target.pgCtl('restart', '-m', 'fast', '-w', '-t', '20'))}
store: { connection: 'postgresql://postgres@127.0.0.1:${store.port}/postgres', password: '\${file:${folder}/store-password}' }
temporal: ${section}
# Whoever a test connects as is nobody to ask about, unless it says so.
observe: ${settings.observe ?? 'false'}
rehearsal: { enabled: ${settings.rehearsal ?? false} }
${settings.agentYaml?.(target) ?? ''}
`;
}

async function start(
  client: Client,
  target: string,
  request: Partial<ChangeRequest> & Pick<ChangeRequest, 'change'>,
): Promise<Handle> {
  const changeId = request.changeId ?? `c-${randomBytes(4).toString('hex')}`;
  const full: ChangeRequest = { target, reason: 'a test', requestedBy: 'alex', ...request, changeId };
  const handle = await client.workflow.start('guardedChange', startOptions(full));
  const view = (): Promise<ChangeView> => handle.query<ChangeView>('view');
  return Object.assign(handle, {
    changeId,
    view,
    outcome: async () => {
      const result = (await handle.result()) as ChangeResult;
      await record(handle, result);
      return result;
    },
    reaches: async (phase: string, withinMs = 20_000) => {
      await eventually(`phase ${phase}`, async () => (await view()).phase === phase, withinMs);
      return view();
    },
  });
}

async function configurationOf(dataDir: string): Promise<Record<string, string>> {
  const names = (await readdir(dataDir)).filter((name) => /\.conf$|knowngood/.test(name)).sort();
  const entries = await Promise.all(
    names
      .map(async (name) => {
        const path = join(dataDir, name);
        const { mode, uid, gid } = await stat(path);
        const hash = createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
        return [[name, `${hash} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`] as const];
      })
      .map((entry) =>
        // Written beside, and renamed since it was listed.
        entry.catch((error: unknown) => {
          if (!hasCode(error, 'ENOENT')) throw error;
          return [];
        }),
      ),
  );
  return Object.fromEntries(entries.flat());
}

/** Of two looks at a configuration. */
export function differs(one: Record<string, string>, other: Record<string, string>): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/** For probes of a port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
