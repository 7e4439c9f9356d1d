/** Many agents in one process, each with a key, a state folder, a journal that is written durably, and its own queue; their targets are simulated. */
import { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createAgentActivities } from '../../activities/agent.ts';
import { createAgent } from '../../agent/agent.ts';
import { temporalContact } from '../../agent/contact.ts';
import { ensureKey } from '../../agent/key.ts';
import type { Log } from '../../agent/log.ts';
import { openStateFolder } from '../../agent/state-folder.ts';
import { loadAgentConfig } from '../../config/load.ts';
import { resolveOptionalSecret } from '../../config/secrets.ts';
import { temporalConnection } from '../../config/temporal.ts';
import { agentQueue } from '../../domain/change.ts';
import { createStore } from '../../store/postgres-store.ts';
import { agentPolls } from '../../worker/agent.ts';
import { openTarget } from '../../worker/open-target.ts';
import { calmRuntime } from '../../worker/runtime-log.ts';
import { aChange } from './changes.ts';
import { ofServer, type Template, simulatedTarget } from './simulated-target.ts';

const log: Log = { info: () => undefined, warn: (line) => console.error(line) };

export interface RunningAgents {
  /** Settles when all have ended. */
  readonly done: Promise<unknown>;
  stop(): Promise<void>;
}

/** An agent for each of `yamls`; the server of `templateYaml` is changed and put back once, before that. Resolves when all poll. */
export async function runSimulatedAgents(templateYaml: string, yamls: readonly string[]): Promise<RunningAgents> {
  calmRuntime();
  const template = await templateOf(templateYaml);
  const configs = await Promise.all(yamls.map((path) => loadAgentConfig(path)));
  const [first] = configs;
  if (first?.store == null) throw new Error('the agents have no store');
  const { options, namespace } = await temporalConnection(first.temporal);
  const [native, looking] = [await NativeConnection.connect(options), await Connection.connect(options)];
  const store = await createStore({
    database: first.store,
    password: await resolveOptionalSecret(first.store.password),
  });
  const agents: Awaited<ReturnType<typeof createAgent>>[] = [];
  const workers: Worker[] = [];
  for (const config of configs) {
    const state = await openStateFolder(config, await ensureKey(config.keyFile), 'agent', log);
    const agent = await createAgent({
      config,
      target: simulatedTarget(ofServer(template, String(agents.length + 1))),
      state,
      store: () => Promise.resolve(store),
      contact: temporalContact(() => Promise.resolve({ connection: looking, namespace })),
      version: '0.0.0',
      log,
    });
    agents.push(agent);
    workers.push(
      await Worker.create({
        connection: native,
        namespace,
        taskQueue: agentQueue(config.target),
        activities: { ...createAgentActivities(agent) },
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: agentPolls },
      }),
    );
  }
  const done = Promise.all(workers.map((worker) => worker.run()));
  return {
    done,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
      for (const agent of agents) await agent.close();
      await Promise.all([native.close(), looking.close(), store.close()]);
    },
  };
}

/** What the bench's change does to a real server, which is left as it was. */
async function templateOf(path: string): Promise<Template> {
  const config = await loadAgentConfig(path);
  const target = await openTarget(config, await ensureKey(config.keyFile));
  try {
    const before = await target.capture();
    const answer = await target.plan(before, aChange, config.allow);
    if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems));
    const free = { fence: () => undefined, say: () => undefined };
    await target.apply(answer.plan, free.fence, free.say);
    const changed = await target.capture();
    const report = await target.revert({
      changeId: 'template',
      before,
      change: changed,
      mayRestart: false,
      witnesses: [],
      ...free,
    });
    if (report.remaining.length > 0) throw new Error(JSON.stringify(report.remaining));
    return { before, changed, planned: answer.plan };
  } finally {
    await target.close();
  }
}
