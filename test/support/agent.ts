/** An agent on a real server, with a real store and a Temporal that a test decides about. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import pg from 'pg';
import { type Agent, type AgentOptions, createAgent } from '../../agent/agent.ts';
import type { Clock } from '../../agent/host.ts';
import { hostClock } from '../../agent/host.ts';
import { ensureKey } from '../../agent/key.ts';
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts';
import type { AgentActivities, Armed, Snapshotted } from '../../activities/contract.ts';
import type { Change } from '../../domain/change.ts';
import type { AgentConfig } from '../../domain/config.ts';
import type { Observation } from '../../domain/lease.ts';
import { undeclared } from '../../domain/never-reopen.ts';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import type { Target } from '../../targets/target.ts';
import { openTarget } from '../../worker/open-target.ts';
import type { Cluster } from '../../worker/stack/cluster.ts';
import { type Said, quietLog } from './state.ts';

export interface Lab {
  readonly config: AgentConfig;
  readonly log: Said;
  /** What the next look at Temporal shows. */
  temporal: Observation;
  /** Added to the host's clock. */
  aheadMs: number;
  /** Its clock counts from another boot on. */
  reboot(): void;
  readonly clock: Clock;
  readonly store: Store;
  agent: Agent;
  readonly state: StateFolder;
  readonly target: Target;
  /** Ends the agent and starts another one on the same folder; `bend` changes its configuration. */
  restart(): Promise<void>;
  /** Ends the agent only. */
  stop(): Promise<void>;
  /** Bytes, mode and owner of each configuration file. */
  configuration(): Promise<Record<string, string>>;
  /** Takes S, plans and arms: `arm`'s last answer. */
  arm(change: Change, bend?: Partial<ArmInput>): Promise<{ snapshot: Snapshotted; armed: Armed; planHash: string }>;
}

export type ArmInput = Parameters<AgentActivities['arm']>[0];

export const caller = { target: 'shop-db', changeId: 'upgrade', runId: 'run-1' };

/** `lab()` inside of a test; each has a state folder of its own. */
export function useAgent(cluster: () => Cluster): (bend?: Partial<AgentConfig>) => Promise<Lab> {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const lab of open.splice(0)) await lab.close();
  });
  return async (bend = {}) => {
    const lab = await createLab(cluster(), bend);
    open.push(lab);
    return lab;
  };
}

async function createLab(cluster: Cluster, bend: Partial<AgentConfig>): Promise<Lab & { close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-lab-'));
  await writeFile(join(folder, 'password'), cluster.password);
  const database = {
    connection: `postgresql://postgres@127.0.0.1:${cluster.port}/postgres?sslmode=disable`,
    password: `\${file:${folder}/password}`,
  };
  await makeDatabase(cluster, 'store');
  const storeAt = { ...database, connection: database.connection.replace('/postgres?', '/store?') };
  const config: AgentConfig = {
    path: join(folder, 'agent.yaml'),
    target: caller.target,
    database,
    stateDir: join(folder, 'state'),
    keyFile: join(folder, 'agent.key'),
    restart: cluster.pgCtl('restart', '-m', 'fast', '-w', '-t', '20'),
    commands: {},
    allow: { settings: [], paths: [], sql: false },
    rehearsal: { enabled: true, timeoutMs: 60_000, folder: null },
    neverReopen: undeclared,
    standbys: [],
    observe: null,
    store: storeAt,
    temporal: { address: '127.0.0.1:1', namespace: 'default', tls: null, apiKey: null },
    metrics: { listen: null, sdk: null },
    ...bend,
  };
  const store = await createStore({ database: storeAt, password: cluster.password });
  const log = quietLog();
  let parts = await openParts();
  let running = true;
  let { bootId } = hostClock.now();
  let bootedAt = 0;
  const lab = {
    config,
    log,
    temporal: { kind: 'running', task: null, heartbeat: null } as Observation,
    aheadMs: 0,
    clock: {
      now: () => {
        const { monotonicMs, wallMs } = hostClock.now();
        return { bootId, monotonicMs: monotonicMs - bootedAt + lab.aheadMs, wallMs: wallMs + lab.aheadMs };
      },
    },
    reboot() {
      bootId = 'another boot';
      bootedAt = hostClock.now().monotonicMs + lab.aheadMs - 1_000;
    },
    store,
    agent: undefined as unknown as Agent,
    get state() {
      return parts.state;
    },
    get target() {
      return parts.target;
    },
    async restart() {
      await lab.stop();
      parts = await openParts();
      await start();
    },
    async stop() {
      if (!running) return;
      running = false;
      await lab.agent.close();
      await parts.target.close();
      parts.state.close();
    },
    configuration: () => configurationOf(cluster.dataDir),
    arm: (change: Change, armBend: Partial<ArmInput> = {}) => arm(lab.agent, change, armBend),
    async close() {
      await lab.stop();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await start();
  return lab;

  async function openParts(): Promise<{ state: StateFolder; target: Target }> {
    // As a process that starts does: the key may have been rotated.
    const key = await ensureKey(config.keyFile);
    return { state: await openStateFolder(config, key, 'agent', log), target: await openTarget(config, key) };
  }

  async function start(): Promise<void> {
    const options: AgentOptions = {
      config,
      ...parts,
      store: config.store === null ? null : () => Promise.resolve(store),
      contact: { look: () => Promise.resolve(lab.temporal), tellClosed: () => Promise.resolve(true) },
      version: '0.0.0',
      log,
      clock: lab.clock,
      jitter: 0,
    };
    lab.agent = await createAgent(options);
    running = true;
  }
}

async function arm(
  agent: Agent,
  change: Change,
  bend: Partial<ArmInput>,
): Promise<{ snapshot: Snapshotted; armed: Armed; planHash: string }> {
  const who = { ...caller, ...bend };
  const snapshot = await agent.snapshot({ ...who, lookOnly: false });
  if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
  const request = { target: who.target, changeId: who.changeId, change };
  const planned = await agent.plan({ ...who, snapshotId: snapshot.snapshotId, request });
  if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned));
  const planHash = planned.plan.hash;
  const armed = await agent.arm(
    armInput({ snapshotId: snapshot.snapshotId, planHash, changeKind: change.kind, ...bend }),
  );
  if (armed.kind !== 'armed') throw new Error(JSON.stringify(armed));
  return { snapshot, armed, planHash };
}

export function armInput(bend: Partial<ArmInput> & Pick<ArmInput, 'snapshotId' | 'planHash'>): ArmInput {
  return {
    ...caller,
    workflowId: 'knowngood:shop-db:upgrade',
    changeKind: 'config',
    approvalRunId: null,
    leaseMs: 600_000,
    graceMs: 5_000,
    progressMs: 1_800_000,
    onContactLost: 'revert',
    quietMs: 500,
    revertMayRestart: false,
    witnesses: [],
    ...bend,
  };
}

export async function configurationOf(dataDir: string): Promise<Record<string, string>> {
  const names = (await readdir(dataDir)).filter((name) => name.endsWith('.conf')).sort();
  const entries = await Promise.all(
    names.map(async (name) => {
      const { mode, uid, gid } = await stat(join(dataDir, name));
      const bytes = await readFile(join(dataDir, name), 'base64');
      return [name, `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${bytes}`] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function makeDatabase(cluster: Cluster, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${name}`);
  await client.end();
}

/** What a new session sees. */
export async function settingOf(cluster: Cluster, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [name]);
    return rows[0]?.value ?? '';
  } finally {
    await client.end();
  }
}
