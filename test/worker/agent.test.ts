/** The agent's process against a real Temporal: there, away, and coming back. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { temporalContact } from '../../agent/contact.ts';
import { agentQueue } from '../../domain/change.ts';
import type { AgentConfig } from '../../domain/config.ts';
import { undeclared } from '../../domain/never-reopen.ts';
import { createStore } from '../../store/postgres-store.ts';
import { type RunningAgent, runAgent } from '../../worker/agent.ts';
import { armInput, caller } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';
import { quietLog } from '../support/state.ts';
import { temporalAddress } from '../support/temporal.ts';

const cluster = useCluster();
let connection: Connection;
let client: Client;
let address: string;
const running: RunningAgent[] = [];

beforeAll(async () => {
  address = await temporalAddress();
  connection = await Connection.connect({ address });
  client = new Client({ connection });
});
afterEach(async () => {
  for (const agent of running.splice(0)) await agent.stop();
});
afterAll(() => connection.close());

/** A port that Temporal is behind only while it is open. */
async function gateTo(target: string): Promise<{ address: string; open(): Promise<void>; close(): Promise<void> }> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const upstream = connect(Number(port), host);
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => undefined);
      end.on('close', () => [socket, upstream].forEach((other) => other.destroy()));
    }
    socket.pipe(upstream).pipe(socket);
  });
  const listen = (at: number): Promise<void> => new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const { port: own } = server.address() as { port: number };
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  await close();
  return { address: `127.0.0.1:${own}`, open: () => listen(own), close };
}

function configFor(temporal: string): { config: AgentConfig; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-agent-'));
  writeFileSync(join(folder, 'password'), cluster().password);
  const database = {
    connection: `postgresql://postgres@127.0.0.1:${cluster().port}/postgres?sslmode=disable`,
    password: `\${file:${folder}/password}`,
  };
  const config: AgentConfig = {
    path: join(folder, 'agent.yaml'),
    target: `t-${randomUUID().slice(0, 8)}`,
    database,
    stateDir: join(folder, 'state'),
    keyFile: join(folder, 'agent.key'),
    restart: null,
    commands: {},
    allow: { settings: [], paths: [], sql: false },
    rehearsal: { enabled: true, timeoutMs: 60_000, folder: null },
    neverReopen: undeclared,
    standbys: [],
    observe: null,
    store: database,
    temporal: { address: temporal, namespace: 'default', tls: null, apiKey: null },
    metrics: { listen: null, sdk: null },
  };
  return { config, folder };
}

/** Whether somebody polls the agent's queue now. */
async function polled(target: string): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: agentQueue(target) },
    taskQueueType: 2,
  });
  return (pollers ?? []).length > 0;
}

describe('the agent', () => {
  it('starts while Temporal is away, with its clocks running, and serves once it is there', async () => {
    const gate = await gateTo(address);
    const { config, folder } = configFor(gate.address);
    const log = quietLog();
    const agent = await runAgent(config, { log });
    running.push(agent);
    try {
      expect(log.lines.join('\n')).toContain('no Temporal');
      const who = { ...caller, target: config.target };
      const snapshot = await agent.agent.snapshot({ ...who, lookOnly: false });
      if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
      const { snapshotId } = snapshot;
      await agent.agent.arm(
        armInput({ ...who, snapshotId, planHash: '', changeKind: 'external', leaseMs: 300, quietMs: 100 }),
      );
      await eventually('it reverts by itself', async () => agent.agent.state().open === null);
      await gate.open();
      await eventually('it serves', () => polled(config.target), 20_000);
    } finally {
      await agent.stop();
      running.pop();
      await gate.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('notes who connects without Temporal, and has told the store when it has stopped', async () => {
    const { config, folder } = configFor('127.0.0.1:1');
    const visitor = new pg.Client({ connectionString: cluster().url(), application_name: 'visitor' });
    await visitor.connect();
    const agent = await runAgent({ ...config, observe: { intervalMs: 1_000, serverLog: true } }, { log: quietLog() });
    await agent.stop();
    const store = await createStore({ database: config.store ?? config.database, password: cluster().password });
    const seen = await store.observed(config.target);
    expect(seen).toContainEqual(expect.objectContaining({ user: 'postgres', address: '127.0.0.1', tls: false }));
    await store.close();
    await visitor.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says in plain words that its state folder cannot be used', async () => {
    const { config, folder } = configFor(address);
    const broken = { ...config, stateDir: join(folder, 'password', 'state') };
    const error = await runAgent(broken, { log: quietLog() }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      problem: {
        message: `the state folder ${broken.stateDir} cannot be used`,
        detail: expect.stringContaining('ENOTDIR'),
        hint: expect.stringContaining('taken up again at the next start'),
      },
    });
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses to start beside another one on the same folder, and names it', async () => {
    const { config, folder } = configFor(address);
    running.push(await runAgent(config, { log: quietLog() }));
    await expect(runAgent(config, { log: quietLog() })).rejects.toThrow(`runs already: process ${process.pid}`);
    for (const agent of running.splice(0)) await agent.stop();
    running.push(await runAgent(config, { log: quietLog() }));
    for (const agent of running.splice(0)) await agent.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);
});

describe('contact', () => {
  it('sees a real run, its task that nobody takes, its end, and the run that replaces it', async () => {
    const contact = temporalContact(async () => ({ connection, namespace: 'default' }));
    const workflowId = `contact-${randomUUID()}`;
    expect(await contact.look(workflowId)).toEqual({ kind: 'no-answer' });
    const start = (): ReturnType<typeof client.workflow.start> =>
      client.workflow.start('nobody', { workflowId, taskQueue: `nobody-${workflowId}`, args: [] });
    const first = await start();
    expect(await contact.look(workflowId)).toMatchObject({ kind: 'running', task: { attempt: 1, started: false } });
    await first.terminate();
    expect(await contact.look(workflowId)).toEqual({ kind: 'closed' });
    const second = await start();
    expect(await contact.look(workflowId)).toMatchObject({ kind: 'running' });
    await second.terminate();
  });
});
