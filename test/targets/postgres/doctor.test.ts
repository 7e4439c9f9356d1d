/** What the doctor grants is enough: a role with exactly that SQL sees everything, and then puts everything back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type DoctorCheck, doctorChecks } from '../../../targets/postgres/doctor.ts';
import type { PostgresTargetOptions } from '../../../targets/postgres/options.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { reverted, targetOf, targetOptions } from './server.ts';

const hba = 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n';

describe.each([14, 16, 18] as const)('on PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let agent: Partial<PostgresTargetOptions>;

  beforeAll(async () => {
    cluster = await createCluster({ major, hba });
    agent = {
      database: { connection: `postgresql://guard@127.0.0.1:${cluster.port}/postgres`, password: null },
      password: 'guard',
    };
    await run('postgres', "create role guard login password 'guard'", "create role app_owner login password 'x'");
    await run(
      'postgres',
      'create role "Odd ""name"""',
      'create role image_svc login',
      'create database shop owner app_owner',
    );
    await run('postgres', 'revoke connect on database shop from public');
    await run('shop', 'create schema app authorization app_owner', 'create table app.images (id int)');
    await run('shop', 'alter table app.images owner to app_owner', 'grant select on app.images to image_svc');
    await run('shop', 'create table app.odd (id int)', 'alter table app.odd owner to "Odd ""name"""');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  async function run(database: string, ...statements: readonly string[]): Promise<void> {
    const client = new pg.Client(cluster.url('postgres', database));
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  const checks = (): Promise<readonly DoctorCheck[]> => doctorChecks(targetOptions(cluster, agent));
  const sqlOf = (found: readonly DoctorCheck[]): readonly string[] =>
    [...new Set(found.flatMap(({ sql = [] }) => sql))].filter((line) => !line.startsWith('--'));

  it('a fresh role needs exactly what the doctor says to take a snapshot', async () => {
    const before = await checks();
    expect(before.map(({ problem }) => problem?.code)).toContain('insufficient-privilege');
    await run('postgres', ...sqlOf(before));
    const target = targetOf(cluster, agent);
    const { snapshot, dirty } = await target.capture();
    expect(dirty.map(({ code }) => code)).toEqual(['database-unread']);
    expect(snapshot?.sections.roles.find(({ name }) => name === 'app_owner')?.verifier).toMatch(/./);
    await run('postgres', ...sqlOf(await checks()).filter((line) => line.includes('on database')));
    const whole = await target.capture();
    expect(whole.dirty).toEqual([]);
    expect(whole.snapshot?.sections.catalogs.find(({ database }) => database === 'shop')?.unread).toBeNull();
    await target.close();
  });

  it('says for whom the role may not act, and what would change that', async () => {
    const found = (await checks()).filter(({ problem }) => problem?.code === 'not-restorable');
    expect(found.length).toBeGreaterThan(0);
    const sql = found.flatMap((check) => check.sql ?? []);
    expect(sql).toContain('grant app_owner to guard');
    expect(sql).toContain('grant "Odd ""name""" to guard');
    expect(sql.some((line) => line.startsWith('-- only a superuser'))).toBe(true);
    expect(sql.filter((line) => /superuser/.test(line) && !line.startsWith('--'))).toEqual([]);
  });

  it('with these grants a change by others is put back by that role', async () => {
    await run('postgres', ...sqlOf(await checks()));
    const target = targetOf(cluster, agent);
    const before = await target.capture();
    await run('shop', 'revoke all on app.images from image_svc', 'grant select on app.odd to public');
    await run('postgres', 'alter role image_svc nologin', "alter role image_svc set work_mem = '9MB'");
    // From 16 on only its grantor takes a membership back.
    const granted = major >= 16 ? 'grant app_owner to image_svc granted by guard' : 'grant app_owner to image_svc';
    await run('postgres', 'alter database shop connection limit 1', granted);
    const report = await reverted(target, before, null);
    expect(report.remaining).toEqual([]);
    const after = await target.capture();
    expect(after.snapshot?.id).toBe(before.snapshot?.id);
    await target.close();
  });

  it('a superuser lacks nothing', async () => {
    const found = await doctorChecks(targetOptions(cluster));
    expect(found.filter(({ ok }) => !ok)).toEqual([]);
    expect(sqlOf(found)).toEqual([]);
  });
});
