/** The agent notes who connects, tells the store, and is in nobody's way: not when either server is away, not in a change. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { hostClock } from '../../agent/host.ts';
import { type Observing, startObserving } from '../../agent/observe.ts';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import { createStore } from '../../store/postgres-store.ts';
import { caller, useAgent } from '../support/agent.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';
import { aStateFolder, quietLog, useFolders } from '../support/state.ts';
import { targetOf } from '../targets/postgres/server.ts';

const hba = 'local all all trust\nhost all all 127.0.0.0/8 trust\n';
const cluster = useCluster({ hba, settings: { log_connections: 'on' } });
const lab = useAgent(cluster);
const folder = useFolders();
const observe = { intervalMs: 100, serverLog: true };

const left: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of left.splice(0).reverse()) await end();
});

async function visitor(application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: cluster().url(), application_name: application });
  client.on('error', () => undefined);
  await client.connect();
  left.push(() => client.end());
  return client;
}

const from = (principals: readonly ObservedPrincipal[], database: string): ObservedPrincipal | undefined =>
  principals.find((one) => one.database === database);

it('what it saw is in the store when it ends, each connection once, and its own not at all', async () => {
  const it_ = await lab({ observe });
  await visitor('web');
  await sleep(700);
  await (await visitor('batch')).end();
  await it_.stop();
  const principals = await it_.store.observed(caller.target);
  expect(principals.map(({ applicationName }) => applicationName)).not.toContain('knowngood agent');
  // Its first look comes before the lab's own work, so only these two are sure to be of this time.
  expect(from(principals, 'postgres')).toMatchObject({ user: 'postgres', address: '127.0.0.1', tls: false, count: 2 });
  expect(from(principals, 'postgres')?.applicationName).toMatch(/web|batch/);
  expect(it_.log.lines).toEqual([]);
});

it('looks at nothing when it is told not to, and when there is no store', async () => {
  for (const bend of [{ observe: null }, { observe, store: null }]) {
    const it_ = await lab(bend);
    const before = (await it_.store.observed(caller.target)).length;
    await visitor('unseen');
    await sleep(300);
    const own = `select 1 from pg_stat_activity where application_name = 'knowngood agent'`;
    expect((await (await visitor('counter')).query(own)).rowCount).toBe(0);
    await it_.stop();
    expect(await it_.store.observed(caller.target)).toHaveLength(before);
  }
});

it('a change goes its way while it looks, locks everybody out, and is taken back', async () => {
  const it_ = await lab({ observe: { intervalMs: 5, serverLog: true } });
  const before = await it_.configuration();
  const shut = 'local all all reject\nhost all all all reject\n';
  const { planHash } = await it_.arm({ kind: 'config', files: { 'pg_hba.conf': shut } });
  const applied = await it_.agent.apply({ ...caller, planHash, command: null });
  expect(JSON.stringify(applied)).toMatch(/agent-locked-out|"applied"/);
  const answer = await it_.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
  expect(answer).toMatchObject({ kind: 'reverted' });
  expect(await it_.configuration()).toEqual(before);
});

describe('a store and a server that go away', () => {
  const open = async (of: Cluster) => {
    const connection = `postgresql://postgres@127.0.0.1:${of.port}/postgres`;
    return createStore({ database: { connection, password: null }, password: of.password });
  };

  async function observing(of: Cluster): Promise<Observing & { readonly lines: readonly string[] }> {
    const store = await open(of);
    const state = await aStateFolder(folder());
    const [target, log] = [targetOf(cluster()), quietLog()];
    const config = { target: 'shop-db', observe };
    const started = startObserving({ config, target, store: async () => store, state, clock: hostClock, log });
    left.push(async () => {
      await started.stop();
      await target.close();
      await store.close();
      state.close();
    });
    return { ...started, lines: log.lines };
  }

  it('lose nothing that was seen, and are each spoken of once', async () => {
    const elsewhere = await createCluster({ major: 17 });
    left.push(() => elsewhere.remove());
    const it_ = await observing(elsewhere);
    await visitor('web');
    await sleep(300);
    await elsewhere.stop();
    for (let tries = 0; tries < 3; tries += 1) await it_.flush();
    await (await visitor('meanwhile')).end();
    await sleep(300);
    expect(it_.lines).toEqual([
      expect.stringMatching(/^the store does not take who connects now, it is kept and sent later/),
    ]);
    await cluster().restart();
    await sleep(500);
    await elsewhere.start();
    await eventually('the store has it', async () => {
      await it_.flush();
      const store = await open(elsewhere);
      const count = from(await store.observed('shop-db'), 'postgres')?.count ?? 0;
      await store.close();
      return count >= 2;
    });
    expect(it_.lines).toHaveLength(1);
  });
});
