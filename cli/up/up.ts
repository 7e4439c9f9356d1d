/** Starts what is missing, in the order in which one needs the other; what was started ends in the reverse order. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadProbeConfig } from '../../config/load.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import { dataFolder, readEmbedded, signingKeyFile, removeEmbedded, writeEmbedded } from '../embedded.ts';
import { stop as refuse } from '../stop.ts';
import type { Service } from '../until-signal.ts';
import { localAgents } from './agents.ts';
import { upStore } from './store.ts';
import { upTemporal } from './temporal.ts';

export interface Up extends Service {
  readonly addresses: Readonly<Record<string, string>>;
  /** Targets with an agent in this process. */
  readonly agents: readonly string[];
}

export interface UpOptions {
  readonly agentConfig?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

export async function up(config: KnowngoodConfig, { agentConfig, env, say }: UpOptions): Promise<Up> {
  const endings: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse())
      await end().catch((error: Error) => say(`while stopping: ${error.message}`));
  };
  try {
    const folder = dataFolder(env);
    await mkdir(folder, { recursive: true });
    await refuseSecond(folder, env);
    const temporal = await upTemporal(config, folder, say);
    endings.push(temporal.stop);
    const store = await upStore(config, folder, say);
    endings.push(store.stop);
    const { address, namespace, uiAddress } = temporal;
    const { encryption } = config.temporal;
    const found = { address, namespace, ...(encryption === undefined ? {} : { encryption }) };
    await writeEmbedded({ pid: process.pid, temporal: found, uiAddress, store: store.database }, env);
    endings.push(() => removeEmbedded(env));
    const effective: KnowngoodConfig = {
      ...config,
      store: store.database,
      uiAddress,
      temporal: temporal.own ? { ...config.temporal, address, namespace, tls: null, apiKey: null } : config.temporal,
    };
    say('starting the worker');
    const { runWorker } = await import('../../worker/orchestrator.ts');
    const worker = await runWorker(effective, {
      sampleFolder: join(folder, 'samples'),
      commands: (await loadProbeConfig())?.commands ?? {},
      signingKeyFile: signingKeyFile(env),
    });
    endings.push(worker.stop);
    const { runAgent } = await import('../../worker/agent.ts');
    const agents: string[] = [];
    const done = [worker.done];
    for (const agentOf of await localAgents(config, agentConfig, {
      folder,
      store: store.database,
      temporal: effective.temporal,
    })) {
      say(`starting the agent for ${agentOf.target}`);
      const agent = await runAgent(agentOf);
      endings.push(agent.stop);
      done.push(agent.done);
      agents.push(agentOf.target);
    }
    const addresses = {
      temporal: `${address}${temporal.own ? '' : ' (found running)'}`,
      ...(uiAddress === null ? {} : { 'web ui': uiAddress }),
      ...(temporal.codecAddress === null ? {} : { codec: temporal.codecAddress }),
      store: `${store.database.connection}${store.own ? '' : ' (configured)'}`,
    };
    return { addresses, agents, done: Promise.race(done), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function refuseSecond(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const running = await readEmbedded(env);
  if (running === null) return;
  throw refuse({
    code: 'up-already',
    message: '"knowngood up" runs already',
    detail: `Process ${running.pid} has Temporal at ${running.temporal.address}; its data is in ${folder}.`,
    hint: 'End it first, or give this one a folder of its own with KNOWNGOOD_DATA.',
  });
}
