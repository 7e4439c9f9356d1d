/** Who connects: from the sessions and from each form of the log of real servers, through the agent into the store. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type LogFormat, readConnections } from '../../domain/access/log-lines.ts';
import { Sightings, type Sighting, mostObserved } from '../../domain/access/observed.ts';
import { suggestionsOf } from '../../domain/access/suggest.ts';
import { dependentLines } from '../../config/init/knowngood-file.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { useAgent } from '../support/agent.ts';
import { eventually } from '../support/processes.ts';

const clusters: Cluster[] = [];
afterAll(async () => {
  for (const cluster of clusters) await cluster.remove();
});

const lab = useAgent(() => clusters.at(-1) as Cluster);

async function logging(major: PostgresMajor): Promise<Cluster> {
  const cluster = await createCluster({ major, hba: 'local all all trust\nhost all all 127.0.0.0/8 trust\n' });
  clusters.push(cluster);
  const sql = new pg.Client(cluster.url());
  await sql.connect();
  for (const statement of [
    `alter system set logging_collector = on`,
    `alter system set log_connections = on`,
    `alter system set log_destination = 'stderr,csvlog${major >= 15 ? ',jsonlog' : ''}'`,
    `create role "Image ""svc""" login`,
    'create database shop',
  ])
    await sql.query(statement);
  await sql.end();
  await cluster.stop();
  await cluster.start();
  return cluster;
}

/** Comes, and is gone again before anybody looks. */
async function visit(cluster: Cluster): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: cluster.port,
    user: 'Image "svc"',
    database: 'shop',
    application_name: 'image storage 2',
  });
  await client.connect();
  await client.end();
}

const visitor = {
  user: 'Image "svc"',
  database: 'shop',
  address: '127.0.0.1',
  tls: false,
  replication: false,
  applicationName: 'image storage 2',
};

for (const major of [14, 17, 18] as const)
  describe(`PostgreSQL ${major}`, () => {
    it('each form of its log tells who came from where', async () => {
      const cluster = await logging(major);
      await visit(cluster);
      const forms: readonly (readonly [string, LogFormat])[] = [
        ['.log', 'stderr'],
        ['.csv', 'csvlog'],
        ...(major >= 15 ? ([['.json', 'jsonlog']] as const) : []),
      ];
      const folder = join(cluster.dataDir, 'log');
      for (const [ending, format] of forms)
        await eventually(`the log ${ending} tells`, async () => {
          const texts = readdirSync(folder)
            .filter((name) => name.endsWith(ending))
            .map((name) => readFileSync(join(folder, name), 'utf8'));
          const seen = readConnections(texts.join(''), format, new Map());
          return seen.some((one) => JSON.stringify(one) === JSON.stringify({ ...visitor, connections: 1 }));
        });
    }, 60_000);

    it('the agent keeps who stays and who only came by, with how often, in the store', async () => {
      const cluster = clusters.at(-1) as Cluster;
      const it = await lab({ observe: { intervalMs: 200, serverLog: true } });
      const stays = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database: 'shop' });
      await sleep(1_000);
      await stays.connect();
      await visit(cluster);
      await visit(cluster);
      await sleep(1_500);
      await stays.end();
      await it.stop();
      const observed = await it.store.observed(it.config.target);
      const { applicationName, ...who } = visitor;
      expect(observed).toContainEqual(expect.objectContaining({ ...who, applicationName, count: 2 }));
      expect(observed).toContainEqual(
        expect.objectContaining({ user: 'postgres', database: 'shop', address: null, count: 1 }),
      );
      expect(observed.filter((one) => one.applicationName === 'knowngood agent')).toEqual([]);
      await it.store.addObserved(it.config.target, observed);
      const twice = await it.store.observed(it.config.target);
      expect(twice.find(({ user }) => user === visitor.user)).toMatchObject({ count: 4 });
    }, 60_000);
  });

describe('without a word in knowngood.yaml', () => {
  it('a change by which somebody who was seen loses access says so', async () => {
    const it = await lab({ observe: { intervalMs: 200, serverLog: true } });
    await it.store.addObserved(it.config.target, [
      { ...visitor, firstSeen: Date.now() - 1_000, lastSeen: Date.now(), count: 7 },
      { ...visitor, user: 'long ago', firstSeen: 0, lastSeen: 1_000, count: 7 },
    ]);
    const snapshot = await it.agent.snapshot({ target: 'shop-db', changeId: 'tidy', runId: 'r', lookOnly: true });
    if (snapshot.kind !== 'snapshotted') throw new Error(JSON.stringify(snapshot));
    const hba = 'local all all trust\nhost all postgres 127.0.0.0/8 trust\n';
    const planned = await it.agent.plan({
      target: 'shop-db',
      changeId: 'tidy',
      runId: 'r',
      snapshotId: snapshot.snapshotId,
      request: { target: 'shop-db', changeId: 'tidy', change: { kind: 'config', files: { 'pg_hba.conf': hba } } },
    });
    if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned));
    expect(planned.plan.risk).toBe('refused');
    expect(planned.plan.access?.lost).toMatchObject([{ user: 'Image "svc"', from: '127.0.0.1', source: 'observed' }]);
    expect(planned.plan.access?.lost[0]?.who[0]).toMatch(/^seen \d+ times until 20/);
  }, 60_000);
});

describe('what was seen', () => {
  const sighting: Sighting = { ...visitor, connections: 1 };

  it('is counted once a principal, and kept when the store is away', () => {
    const sightings = new Sightings();
    sightings.add(sighting, 10);
    sightings.add({ ...sighting, connections: 2 }, 20);
    const taken = sightings.take();
    expect(taken).toMatchObject([{ firstSeen: 10, lastSeen: 20, count: 3 }]);
    sightings.add(sighting, 30);
    sightings.putBack(taken);
    expect(sightings.take()).toMatchObject([{ firstSeen: 10, lastSeen: 30, count: 4 }]);
    expect(sightings.take()).toEqual([]);
  });

  it('has an end, past which those that are known go on being counted', () => {
    const sightings = new Sightings();
    for (let n = 0; n < mostObserved + 5; n += 1) sightings.add({ ...sighting, user: `u${n}` }, n);
    sightings.add({ ...sighting, user: 'u0' }, 99);
    expect(sightings.dropped).toBe(5);
    expect(sightings.take()[0]).toMatchObject({ user: 'u0', count: 2, lastSeen: 99 });
  });

  it('becomes dependents that knowngood.yaml takes once the checks are filled in', () => {
    const seen = { ...visitor, firstSeen: 1, lastSeen: 2, count: 3 };
    const { services, leftOut } = suggestionsOf(
      [
        seen,
        { ...seen, address: null, count: 9 },
        { ...seen, user: 'app' },
        { ...seen, user: 'standby', database: '', replication: true },
      ],
      [{ user: 'app', database: 'shop', from: null, tls: false, source: 'declared', who: ['app'] }],
    );
    expect(leftOut).toEqual(['app to shop: declared already', 'standby from 127.0.0.1: replicates']);
    const yaml = [
      'targets: { shop-db: { connection: postgresql://a@127.0.0.1/b } }',
      ...dependentLines('shop-db', services),
    ].join('\n');
    const parsed = parseKnowngoodConfig(yaml, 'knowngood.yaml');
    expect(parsed).toMatchObject({ kind: 'ok' });
    expect(parsed.kind === 'ok' ? parsed.value.dependents[0]?.access : null).toMatchObject([
      { user: 'Image "svc"', database: 'shop', from: 'local' },
      { user: 'Image "svc"', database: 'shop', from: '127.0.0.1' },
    ]);
  });
});
