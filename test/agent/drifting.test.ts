/** The agent's look for drift on real servers of every major version. */
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { AgentActivities } from '../../activities/contract.ts';
import type { Asked } from '../../domain/access/impact.ts';
import type { Drift, DriftLook } from '../../domain/drift/drift.ts';
import { createCluster, type Cluster } from '../../worker/stack/cluster.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';

type Input = Parameters<AgentActivities['drift']>[0];

const declared: Asked = {
  user: 'image_svc',
  database: 'postgres',
  from: '127.0.2.1',
  tls: false,
  source: 'declared',
  who: ['image-service'],
};

const hba = 'local all all trust\nhost all postgres 127.0.0.0/8 trust\nhost all image_svc 127.0.2.0/24 scram-sha-256\n';

for (const major of [14, 15, 16, 17, 18] as const) {
  describe(`PostgreSQL ${major}`, () => {
    let cluster: Cluster;
    const lab = useAgent(() => cluster);
    beforeAll(async () => {
      cluster = await createCluster({ major, hba });
      await sql(`create role image_svc login password 'secret'`);
    });
    afterAll(() => cluster?.remove());

    async function sql(...statements: readonly string[]): Promise<void> {
      const client = new pg.Client({ connectionString: cluster.url() });
      await client.connect();
      for (const statement of statements) await client.query(statement);
      await client.end();
    }
    const reload = async (): Promise<void> => {
      await sql('select pg_reload_conf()');
      await sleep(300);
    };
    const path = (name: string): string => join(cluster.dataDir, name);

    async function knownGood(it: Lab): Promise<string> {
      const taken = await it.agent.snapshot({ ...caller, lookOnly: true });
      if (taken.kind !== 'snapshotted' || taken.dirty.length > 0) throw new Error(JSON.stringify(taken));
      return taken.snapshotId;
    }
    const look = (it: Lab, knownGoodId: string, bend: Partial<Input> = {}): Promise<DriftLook> =>
      it.agent.drift({
        ...caller,
        knownGoodId,
        ignore: [],
        reverted: [],
        access: [declared],
        known: null,
        keep: false,
        ...bend,
      });
    async function drifted(it: Lab, knownGoodId: string, bend: Partial<Input> = {}): Promise<Drift> {
      const seen = await look(it, knownGoodId, bend);
      if (seen.kind !== 'drifted') throw new Error(JSON.stringify(seen));
      return seen;
    }
    const forces = ({ items }: Drift): Record<string, string> =>
      Object.fromEntries(items.map(({ key, force }) => [key.replace(`file:${cluster.dataDir}/`, ''), force]));

    it('sees files, settings and roles, what of it is in force, and whom it hits', async () => {
      const it = await lab();
      const good = await knownGood(it);
      expect(await look(it, good)).toMatchObject({ kind: 'clean', snapshotId: good });

      writeFileSync(path('pg_hba.conf'), hba.replace(/host all image_svc.*\n/, ''));
      const onDisk = await drifted(it, good);
      expect(forces(onDisk)).toEqual({ 'pg_hba.conf': 'at-reload' });
      expect(onDisk.dirty.map(({ code }) => code)).toEqual(['access-file-not-loaded']);
      expect(onDisk.access?.lost).toMatchObject([{ user: 'image_svc', who: ['image-service'], verdict: 'lost' }]);
      expect(onDisk.diff).toContain('-host all image_svc');
      await reload();
      const inForce = await drifted(it, good);
      expect(forces(inForce)).toEqual({ 'pg_hba.conf': 'in-force' });
      expect(inForce).toMatchObject({ dirty: [], connected: [] });
      expect(inForce.fingerprint).not.toBe(onDisk.fingerprint);
      // Younger than the load by its mode alone: what was seen in force is in force.
      chmodSync(path('pg_hba.conf'), 0o644);
      expect(forces(await drifted(it, good))).toEqual({ 'pg_hba.conf': 'in-force' });
      chmodSync(path('pg_hba.conf'), 0o600);
      writeFileSync(path('pg_hba.conf'), hba);
      await reload();
      expect((await look(it, good)).kind).toBe('clean');

      await sql(
        `alter system set work_mem = '7MB'`,
        'alter system set max_connections = 55',
        'alter role image_svc nologin',
      );
      await reload();
      const mixed = await drifted(it, good);
      expect(forces(mixed)).toEqual({
        'postgresql.auto.conf': 'at-restart',
        'setting:max_connections': 'at-restart',
        'setting:work_mem': 'in-force',
        'role:image_svc': 'in-force',
      });
      // Once the server has been restarted, too.
      expect(mixed.access?.fewer).toMatchObject({ after: 52 });
      expect(mixed.access?.lost).toMatchObject([{ user: 'image_svc' }]);
      await sql('alter system reset all', 'alter role image_svc login');
      await reload();
      expect((await look(it, good)).kind).toBe('clean');
    });

    it('says which file does not load', async () => {
      const it = await lab();
      const good = await knownGood(it);
      const conf = readFileSync(path('postgresql.conf'), 'utf8');
      appendFileSync(path('postgresql.conf'), 'no_such_setting = 1\n');
      expect(forces(await drifted(it, good))).toEqual({ 'postgresql.conf': 'unloadable' });
      writeFileSync(path('postgresql.conf'), conf);
      await reload();
      expect((await look(it, good)).kind).toBe('clean');
    });
  });
}

describe('a look', () => {
  let cluster: Cluster;
  const lab = useAgent(() => cluster);
  beforeAll(async () => {
    cluster = await createCluster({ major: 17, hba: hba.replace('127.0.2.0/24', '127.0.0.0/8') });
    await sql(`create role image_svc login password 'secret'`);
  });
  afterAll(() => cluster?.remove());

  async function sql<Row extends object>(statement: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: cluster.url() });
    await client.connect();
    const { rows } = await client.query<Row>(statement);
    await client.end();
    return rows;
  }
  async function stored(it: Lab): Promise<number> {
    const rows = await it.store.snapshots(caller.target, 100);
    return rows.length;
  }
  const ask = { ...caller, ignore: [], reverted: [], access: [declared], known: null, keep: false };

  it('stores a drift once, and what is as it was never', async () => {
    const it = await lab();
    const taken = await it.agent.snapshot({ ...caller, lookOnly: true });
    if (taken.kind !== 'snapshotted') throw new Error(JSON.stringify(taken));
    const question = { ...ask, knownGoodId: taken.snapshotId };
    const before = await stored(it);
    await it.agent.drift(question);
    await sql('create table of_an_application (id int)');
    expect(await it.agent.drift(question)).toMatchObject({ kind: 'clean', schemaItems: expect.any(Number) });
    expect(await stored(it)).toBe(before);
    await sql('alter role image_svc connection limit 3');
    const seen = await it.agent.drift(question);
    if (seen.kind !== 'drifted') throw new Error(JSON.stringify(seen));
    expect(seen.schemaItems).toBeGreaterThan(0);
    expect(await stored(it)).toBe(before + 1);
    await sql('create table another_one (id int)');
    expect(await it.agent.drift({ ...question, known: seen.fingerprint })).toMatchObject({
      fingerprint: seen.fingerprint,
    });
    expect(await stored(it)).toBe(before + 1);
    await sql('alter role image_svc connection limit -1');
  });

  it('tells who is connected, by the dependent that it is', async () => {
    const it = await lab();
    const taken = await it.agent.snapshot({ ...caller, lookOnly: true });
    if (taken.kind !== 'snapshotted') throw new Error(JSON.stringify(taken));
    const service = new pg.Client({
      host: '127.0.0.1',
      port: cluster.port,
      user: 'image_svc',
      password: 'secret',
      database: 'postgres',
    });
    await service.connect();
    await sql('alter role image_svc nologin');
    const access = [{ ...declared, from: '127.0.0.0/8' }];
    const seen = await it.agent.drift({ ...ask, access, knownGoodId: taken.snapshotId });
    await service.end();
    await sql('alter role image_svc login');
    expect(seen).toMatchObject({
      kind: 'drifted',
      connected: [{ user: 'image_svc', database: 'postgres', sessions: 1, dependents: ['image-service'] }],
    });
  });

  it('shows no secret of a setting that is not loaded', async () => {
    const it = await lab();
    const taken = await it.agent.snapshot({ ...caller, lookOnly: true });
    if (taken.kind !== 'snapshotted') throw new Error(JSON.stringify(taken));
    appendFileSync(join(cluster.dataDir, 'postgresql.auto.conf'), "primary_conninfo = 'host=x password=hunter2'\n");
    const seen = await it.agent.drift({ ...ask, knownGoodId: taken.snapshotId });
    expect(seen).toMatchObject({ kind: 'drifted', dirty: [{ code: 'file-not-loaded' }] });
    expect(JSON.stringify(seen)).not.toContain('hunter2');
    await sql('alter system reset primary_conninfo');
    await sql('select pg_reload_conf()');
    await sleep(300);
  });

  it('is not clean while other rules than those of the file are in force, although the file is the known-good one again', async () => {
    const it = await lab();
    const taken = await it.agent.snapshot({ ...caller, lookOnly: true });
    if (taken.kind !== 'snapshotted') throw new Error(JSON.stringify(taken));
    const question = { ...ask, knownGoodId: taken.snapshotId };
    const path = join(cluster.dataDir, 'pg_hba.conf');
    const rules = readFileSync(path, 'utf8');
    const reload = async (): Promise<void> => {
      await sql('select pg_reload_conf()');
      await sleep(300);
    };
    writeFileSync(path, rules.replace(/host all image_svc.*\n/, ''));
    await reload();
    expect(await it.agent.drift(question)).toMatchObject({ kind: 'drifted', items: [{ force: 'in-force' }] });
    writeFileSync(path, rules);
    expect(await it.agent.drift(question)).toMatchObject({
      kind: 'drifted',
      items: [{ key: `file:${path}`, force: 'at-reload', summary: expect.stringContaining('reload') }],
      dirty: [{ code: 'access-file-not-loaded' }],
      diff: '',
    });
    expect(await it.agent.drift({ ...question, ignore: [`file:${path}`] })).toMatchObject({ kind: 'clean' });
    await reload();
    expect(await it.agent.drift(question)).toMatchObject({ kind: 'clean' });
  });

  it('does nothing while a change is open, and refuses what it cannot compare', async () => {
    const it = await lab();
    expect(await it.agent.drift({ ...ask, knownGoodId: 'f'.repeat(64) })).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'unknown-snapshot' }],
    });
    const { snapshot } = await it.arm({ kind: 'config', settings: { work_mem: '6MB' } });
    expect(await it.agent.drift({ ...ask, changeId: 'look', knownGoodId: snapshot.snapshotId })).toMatchObject({
      kind: 'busy',
      holder: { changeId: caller.changeId },
    });
  });
});
