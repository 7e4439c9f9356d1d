/** Everything the demo needs, really running: Temporal, store, the shop with its server, a worker, and the agent. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { agentQueue, orchestratorQueue } from '../domain/change.ts';
import { createCluster } from '../worker/stack/cluster.ts';
import { keepServer } from '../worker/stack/keeper.ts';
import { startTemporal } from '../worker/stack/temporal-server.ts';
import { onPager, target, writeDemoFiles, type DemoFiles, type DemoPlaces } from './config-files.ts';
import { type People, startPeople } from './people.ts';
import { startServing } from './processes.ts';
import { startShopServer } from './shop/database-server.ts';
import { openShop, type Shop } from './shop/shop.ts';
import { prepareNewEngine } from './upgrade/engine.ts';
import type { Variant } from './upgrade/new-version.ts';

export interface DemoTemporal {
  readonly address: string;
  readonly uiAddress: string | null;
  readonly namespace: string;
}

export interface Stage {
  /** Throw-away, with the configuration files in it. */
  readonly folder: string;
  readonly temporal: DemoTemporal;
  readonly client: Client;
  /** Of the store's database; no password in the address. */
  readonly store: { readonly connection: string; readonly password: string };
  readonly shop: Shop;
  readonly people: People;
  readonly database: DemoPlaces['database'];
  /** The newer server that the upgrade puts in its place; null: there is none. */
  readonly newEngine: { readonly dataDir: string } | null;
  /** Of the database's superuser, with its password. */
  readonly adminUrl: string;
  readonly files: DemoFiles;
  /** The last lines of worker and agent, for when something went wrong. */
  logs(): string;
  /** Ends everything and removes the folder; what cannot be ended is said, and the rest goes on. */
  close(): Promise<void>;
}

export interface StageOptions {
  readonly variant: Variant | null;
  /** A 16 that is to become a 17. */
  readonly newEngine?: boolean;
  /** Whether declared changes are tried on a scratch server first; default true. */
  readonly rehearsal?: boolean;
  /** A server that runs already; it stays. Default: one of its own, with Web UI. */
  readonly temporal?: DemoTemporal;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    const failed: unknown[] = [];
    for (const end of closers.splice(0).reverse()) await end().catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw new AggregateError(failed, 'the demo could not end all that it had started');
  };
  try {
    return { ...(await build(options, (end) => closers.push(end))), close };
  } catch (error) {
    await close().catch(options.progress);
    throw error;
  }
}

type Later = (end: () => Promise<unknown>) => void;

async function build(
  { variant, newEngine = false, rehearsal = true, temporal: given, progress, signal }: StageOptions,
  later: Later,
): Promise<Omit<Stage, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'knowngood-demo-'));
  await chmod(folder, 0o700);
  // No server runs in this folder, but its keeper also removes it when this process is killed: there are passwords in it.
  const keeper = await keepServer({ dataDir: folder, signal: 'INT', thenRemove: [folder] });
  later(async () => {
    await rm(folder, { recursive: true, force: true });
    await keeper.dismiss();
  });

  progress('starting Temporal, its Web UI and two PostgreSQL servers');
  const [temporal, store, server] = await all(signal, [
    given ? Promise.resolve(given) : startedTemporal(later, progress),
    startedStore(later),
    startedServer(later, newEngine),
  ]);
  const connection = await Connection.connect({ address: temporal.address });
  later(() => connection.close());
  const client = new Client({ connection, namespace: temporal.namespace, identity: 'knowngood demo' });

  progress('opening the shop: app server, image storage, CDN, shoppers');
  const { cluster, passwords } = server;
  const engine = newEngine ? await prepareNewEngine(server, folder, later) : null;
  const restart = engine?.restart ?? server.restart;
  const { host, port, dataDir } = cluster;
  const shop = await openShop({ host, port, passwords, pictures: join(folder, 'pictures') });
  later(shop.close);
  const people = await startPeople(onPager);
  later(people.close);
  const database = { port, dataDir, restart };
  const files = await writeDemoFiles(folder, {
    temporal: { address: temporal.address, namespace: temporal.namespace },
    uiAddress: temporal.uiAddress,
    store: store.connection,
    database,
    services: shop,
    passwords: { ...passwords, postgres: cluster.password, store: store.password },
    variant,
    rehearsal,
    people: people.url,
    ...(engine === null ? {} : { newEngine: engine.upgrade }),
  });
  signal.throwIfAborted();

  progress('starting the orchestrator and the agent beside the database');
  const serve = async (args: readonly string[], queue: string) => {
    const kept = await startServing(args, queue, client, { cwd: folder });
    later(kept.stop);
    return kept;
  };
  const [worker, agent] = await all(signal, [
    serve(['worker', '--config', files.knowngood], orchestratorQueue),
    serve(['agent', '--agent-config', files.agent], agentQueue(target)),
  ]);
  const logs = (): string => `worker:\n${worker.tail()}\n\nagent:\n${agent.tail()}`;
  return {
    folder,
    temporal,
    client,
    store,
    shop,
    people,
    database,
    newEngine: engine,
    adminUrl: cluster.url(),
    files,
    logs,
  };
}

/** Waits for every one, also when one fails: what is being started then is ended, not left behind. */
async function all<T extends readonly Promise<unknown>[]>(
  signal: AbortSignal,
  starting: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starting);
  signal.throwIfAborted();
  return Promise.all(starting);
}

async function startedTemporal(later: Later, progress: (line: string) => void): Promise<DemoTemporal> {
  const temporal = await startTemporal({ progress });
  later(temporal.stop);
  return temporal;
}

async function startedServer(later: Later, newEngine: boolean) {
  const server = await startShopServer(newEngine ? 16 : 17);
  later(() => server.cluster.remove());
  return server;
}

/** A role and a database of its own: the store needs no superuser. */
async function startedStore(later: Later): Promise<{ readonly connection: string; readonly password: string }> {
  const cluster = await createCluster({ major: 17, hba: 'host all all 127.0.0.1/32 scram-sha-256\n' });
  later(() => cluster.remove());
  const password = randomBytes(18).toString('base64url');
  const admin = new pg.Client({ connectionString: cluster.url() });
  await admin.connect();
  try {
    await admin.query(`create role knowngood login password ${pg.escapeLiteral(password)}`);
    await admin.query('create database knowngood owner knowngood');
  } finally {
    await admin.end();
  }
  return { connection: `postgresql://knowngood@127.0.0.1:${cluster.port}/knowngood`, password };
}
