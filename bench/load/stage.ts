/** Temporal, store, worker, ten servers with their agents, and a process of simulated agents; all really running. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startServing } from '../../demo/processes.ts';
import { agentQueue, orchestratorQueue } from '../../domain/change.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { type Kept, keep, keepServer } from '../../worker/stack/keeper.ts';
import { startTemporal } from '../../worker/stack/temporal-server.ts';
import { type Place, furnish } from './places.ts';
import { nodeUnder } from './process-cost.ts';
import { hbaWithService } from './service.ts';
import { type Switchboard, openSwitchboard } from './switchboard.ts';

export interface LoadStage {
  readonly client: Client;
  readonly switchboard: Switchboard;
  /** Real ones have a server, and an agent in a process of its own. */
  readonly targets: { readonly real: readonly string[]; readonly simulated: readonly string[] };
  readonly pids: { readonly worker: number; readonly agents: readonly number[]; readonly floor: number };
  close(): Promise<void>;
}

/** Small ones: there are many. */
const settings = { shared_buffers: '8MB', max_connections: '30', max_wal_senders: '0', wal_level: 'minimal' };

export async function setLoadStage(
  count: number,
  servers: number,
  progress: (line: string) => void,
): Promise<LoadStage> {
  const ends: (() => Promise<unknown>)[] = [];
  const later = (end: () => Promise<unknown>): void => void ends.push(end);
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'knowngood-load-'));
    later(() => rm(folder, { recursive: true, force: true }));
    // No server runs in it, but its keeper also removes it when this process is killed: there are passwords in it.
    const keeper = await keepServer({ dataDir: folder, signal: 'INT', thenRemove: [folder] });
    later(() => keeper.dismiss());
    progress(`starting Temporal, a store and ${servers} servers`);
    const temporal = await startTemporal({ ui: false, progress });
    later(temporal.stop);
    const clusters: Cluster[] = [];
    const aCluster = async (options = {}): Promise<Cluster> => {
      const cluster = await createCluster({ major: 17, ...options });
      later(() => cluster.remove());
      return cluster;
    };
    const store = await aCluster({ settings: { max_connections: '200' } });
    for (let at = 0; at < servers; at += 1) clusters.push(await aCluster({ settings, hba: hbaWithService }));
    const switchboard = await openSwitchboard();
    later(switchboard.close);
    const connection = await Connection.connect({ address: temporal.address });
    later(() => connection.close());
    const client = new Client({ connection, namespace: temporal.namespace });
    const { address, namespace } = temporal;
    const house = { folder, temporal: { address, namespace }, store, switchboard: switchboard.address };
    const { knowngoodYaml, places } = await furnish(house, clusters, count);

    progress(`starting the worker, ${servers} agents, and ${count - servers} simulated ones`);
    const serve = async (args: readonly string[], queue: string): Promise<Kept> => {
      const kept = await startServing(args, queue, client, { cwd: folder });
      later(kept.stop);
      return kept;
    };
    const worker = await serve(['worker', '--config', knowngoodYaml], orchestratorQueue);
    const [real, simulated] = [true, false].map((is) => places.filter(({ cluster }) => (cluster !== null) === is)) as [
      Place[],
      Place[],
    ];
    const [template] = real;
    if (template === undefined) throw new Error('no target has a server');
    // Before its agent begins: the template's server is changed and put back once.
    if (simulated.length > 0)
      later(
        (
          await script(
            'agents-main.js',
            [template, ...simulated].map(({ agentYaml }) => agentYaml),
          )
        ).stop,
      );
    const agents: number[] = [];
    for (const { target, agentYaml } of real)
      agents.push(nodeUnder((await serve(['agent', '--agent-config', agentYaml], agentQueue(target))).pid));
    const floor = await script('floor-main.js', [temporal.address]);
    later(floor.stop);
    const names = (of: readonly Place[]): readonly string[] => of.map(({ target }) => target);
    return {
      client,
      switchboard,
      targets: { real: names(real), simulated: names(simulated) },
      pids: { worker: nodeUnder(worker.pid), agents, floor: nodeUnder(floor.pid) },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const servingWithinMs = 120_000;

/** One of this folder; resolves when it says that it serves. */
async function script(name: string, args: readonly string[]): Promise<Kept> {
  let serves: () => void = () => undefined;
  const serving = new Promise<true>((resolve) => (serves = () => resolve(true)));
  const kept = await keep(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...args], {
    onLine: (line) => void (line === 'serving' && serves()),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), servingWithinMs)));
  const is = await Promise.race([serving, kept.exited.then(() => false), late]);
  clearTimeout(timer);
  if (is) return kept;
  await kept.stop();
  throw new Error(`${name} does not serve\n${kept.tail()}`);
}
