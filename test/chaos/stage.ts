/** The stage of a series of runs: Temporal, a target, a store, worker and agent as processes, and every line between them. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { createStore } from '../../store/postgres-store.ts';
import type { Store } from '../../store/store.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { eventually } from '../support/processes.ts';
import type { Haystack, Planted } from '../integration/planted.ts';
import { dependentRule } from './change.ts';
import type { Script } from './change-script.ts';
import { database } from './configuration.ts';
import { agentYaml, knowngoodYaml } from './stage-files.ts';
import { changeMain, crashHook, diskHook } from './names.ts';
import { openProxy, type Proxy } from './proxy.ts';
import { type Component, type Link, links } from './scenario.ts';
import { superviseServer, superviseTemporal } from './servers.ts';
import { type Supervised, supervise, type Victim } from './supervised.ts';

export interface Stage {
  readonly target: Cluster;
  readonly client: Client;
  readonly temporalAddress: string;
  /** Asked past every proxy. */
  readonly store: Store;
  readonly folder: string;
  readonly stateDir: string;
  readonly victims: Readonly<Record<Component, Victim>>;
  readonly proxies: Readonly<Record<Link, Proxy>>;
  readonly planted: Planted;
  /**
   * null: the agent's state folder is a file system of its own, which can be filled. Else that could not be mounted, and
   * the agent's disk is full while this file is there: see disk-hook.mjs.
   */
  readonly diskMarker: string | null;
  /** Who is being hurt: one fault at a time on each. */
  readonly held: Set<string>;
  /** The change of the run before: its tasks are old. */
  earlier: string | null;
  script(script: Pick<Script, 'steps' | 'pauseMs'>): string;
  logs(): Haystack;
  /** Last words of worker and agent whose end no fault explains. */
  ownEnds(): readonly string[];
  close(): Promise<void>;
}

export interface StageSettings {
  /** More checks, as YAML lines of the dependent. */
  readonly checks?: string;
  /** Default 2 s. */
  readonly holdTimeout?: string;
  /** Default true, where it is permitted. */
  readonly mount?: boolean;
  /** Loads steps/crash-hook.mjs into worker and agent. */
  readonly seeSteps?: boolean;
}

export async function setStage(settings: StageSettings = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-chaos-'));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await set(folder, undo, close, settings);
  } catch (error) {
    await close();
    throw error;
  }
}

async function set(
  folder: string,
  undo: (() => unknown)[],
  close: () => Promise<void>,
  settings: StageSettings,
): Promise<Stage> {
  const planted = new Map<string, string>();
  const plant = (what: string): string => {
    const secret = `Plnt${randomBytes(12).toString('hex')}`;
    planted.set(what, secret);
    return secret;
  };
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const diskMarker = settings.mount !== false && mountDisk(stateDir, undo) ? null : join(folder, 'disk-full');
  const [temporal, target, storeServer] = await Promise.all([
    superviseTemporal(await freePort(), join(folder, 'temporal.db')),
    createCluster({ major: 17, start: false, ownIdentity: true, hba: hba() }),
    createCluster({ major: 17, ownIdentity: true }),
  ]);
  undo.push(
    () => temporal.stop(),
    () => target.remove(),
    () => storeServer.remove(),
  );
  planted.set('password of the target', target.password);
  planted.set('password of the store', storeServer.password);
  await prepareTarget(target, plant);

  const portOf = (link: Link): number =>
    link.endsWith('store') ? storeServer.port : Number(temporal.address.split(':')[1]);
  const opened = await Promise.all(links.map(async (link) => [link, await openProxy(portOf(link))] as const));
  const proxies = Object.fromEntries(opened) as Record<Link, Proxy>;
  for (const [, proxy] of opened) undo.push(() => proxy.close());

  const secretFile = (name: string, secret: string): string => {
    const path = join(folder, name);
    writeFileSync(path, secret, { mode: 0o600 });
    return path;
  };
  const scriptFile = join(folder, 'script.json');
  const changeCommand = [process.execPath, changeMain, scriptFile];
  const places = {
    target,
    targetPassword: secretFile('target-password', target.password),
    storePassword: secretFile('store-password', storeServer.password),
    imagePassword: secretFile('image-password', planted.get('password of image_svc') ?? ''),
    stateDir,
    keyFile: join(folder, 'agent.key'),
    changeCommand,
  };
  writeFileSync(
    join(folder, 'knowngood.yaml'),
    knowngoodYaml(
      { ...places, checks: settings.checks ?? '', holdTimeout: settings.holdTimeout ?? '2s' },
      proxies['worker-temporal'].port,
      proxies['worker-store'].port,
    ),
  );
  writeFileSync(
    join(folder, 'agent.yaml'),
    agentYaml(places, proxies['agent-temporal'].port, proxies['agent-store'].port),
  );
  const service = (name: 'worker' | 'agent', config: string): Supervised => {
    const hooks = [
      ...(settings.seeSteps ? [crashHook] : []),
      ...(diskMarker !== null && name === 'agent' ? [diskHook] : []),
    ].flatMap((hook) => ['--import', pathToFileURL(hook).href]);
    const args = [...hooks, join(packageRoot, 'dist', 'cli', 'main.js'), name, '--config', join(folder, config)];
    const forHooks = {
      KNOWNGOOD_STEPS_FOLDER: folder,
      KNOWNGOOD_STEPS_WHO: name,
      KNOWNGOOD_DISK_FOLDER: stateDir,
      KNOWNGOOD_DISK_FULL: diskMarker ?? '',
    };
    const env = { PATH: process.env['PATH'], HOME: folder, KNOWNGOOD_DATA: join(folder, 'data'), ...forHooks };
    const service = supervise(process.execPath, args, { env, logFile: join(folder, `${name}.log`) });
    undo.push(() => service.stop());
    return service;
  };
  const servers = [superviseServer(target), superviseServer(storeServer)] as const;
  for (const server of servers) undo.push(() => server.stop());
  const [worker, agent] = [service('worker', 'knowngood.yaml'), service('agent', 'agent.yaml')];
  const connection = await Connection.connect({ address: temporal.address });
  const store = await createStore({
    database: { connection: `postgresql://postgres@127.0.0.1:${storeServer.port}/postgres`, password: null },
    password: storeServer.password,
  });
  undo.push(
    () => connection.close(),
    () => store.close(),
  );
  const logs = (): Haystack =>
    new Map(
      readdirSync(folder)
        .filter((name) => name.endsWith('.log'))
        .map((name) => [name, readFileSync(join(folder, name))]),
    );
  await eventually(
    'worker and agent',
    async () => [...logs().values()].filter((log) => log.includes('is running')).length === 2,
    60_000,
  );
  return {
    target,
    client: new Client({ connection, identity: 'chaos' }),
    temporalAddress: temporal.address,
    store,
    folder,
    stateDir,
    victims: { worker, agent, temporal, postgres: servers[0], store: servers[1] },
    proxies,
    planted,
    diskMarker,
    held: new Set(),
    earlier: null,
    script({ steps, pauseMs }) {
      const { dataDir, socketDir, port } = target;
      const script: Script = { dataDir, socketDir, port, database, pauseMs, withinMs: 4_000, steps };
      writeFileSync(scriptFile, JSON.stringify(script));
      return scriptFile;
    },
    logs,
    ownEnds: () => [...worker.ownEnds(), ...agent.ownEnds()],
    close,
  };
}

/** Small, so that it is filled quickly, and large enough for the bodies of a stage's changes. */
const diskMb = 96;

function mountDisk(folder: string, undo: (() => unknown)[]): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m,mode=0700`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return false;
  }
  const unmount = (): void => void execFileSync('umount', ['--lazy', folder]);
  // A test that breaks off leaves no mount behind either.
  process.once('exit', unmount);
  undo.push(() => {
    process.off('exit', unmount);
    unmount();
  });
  return true;
}

function hba(): string {
  return `local all postgres trust
host all postgres 127.0.0.0/8 scram-sha-256
${dependentRule}
`;
}

async function prepareTarget(target: Cluster, plant: (what: string) => string): Promise<void> {
  const conf = join(target.dataDir, 'postgresql.conf');
  mkdirSync(join(target.dataDir, 'conf.d'), { mode: 0o700 });
  const chaos = join(target.dataDir, 'conf.d', 'chaos.conf');
  writeFileSync(chaos, "maintenance_work_mem = '1MB'\n", { mode: 0o600 });
  if (target.systemUser)
    for (const path of [join(target.dataDir, 'conf.d'), chaos])
      chownSync(path, target.systemUser.uid, target.systemUser.gid);
  const lines = [
    "include_dir = 'conf.d'",
    `primary_conninfo = 'host=10.0.0.1 user=rep password=${plant('primary_conninfo')}'`,
    `# password = ${plant('a comment')}`,
  ];
  writeFileSync(conf, `${readFileSync(conf, 'utf8')}${lines.join('\n')}\n`);
  await target.start();
  const run = async (inDatabase: string, statements: readonly string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: target.url('postgres', inDatabase, target.password) });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await run('postgres', [
    `create role image_svc login password '${plant('password of image_svc')}'`,
    `create role report_svc login password '${plant('password of report_svc')}'`,
    `create database ${database}`,
  ]);
  await run(database, [
    'create table images (id integer)',
    'create table orders (id integer)',
    'grant select on images to image_svc',
    'revoke all on schema public from public',
    'grant usage on schema public to image_svc, report_svc',
  ]);
}
