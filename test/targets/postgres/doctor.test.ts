/** What the doctor grants is enough: a role with exactly that SQL sees everything, and then puts everything back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DoctorCheck } from '../../../targets/postgres/doctor-check.ts';
import { doctorChecks } from '../../../targets/postgres/doctor.ts';
import type { PostgresTargetOptions } from '../../../targets/postgres/options.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, reverted, targetOf, targetOptions } from './server.ts';

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
    await edit(cluster, 'pg_ident.conf', (text) => `${text}broken line\n`);
    expect((await target.capture()).dirty.map(({ code }) => code)).toContain('ident-would-not-load');
    await edit(cluster, 'pg_ident.conf', (text) => text.replace('broken line\n', ''));
    await run('postgres', 'select pg_reload_conf()');
    await target.close();
  });

  it('says for whom the role may not act, and what would change that', async () => {
    const found = (await checks()).filter(({ problem }) => problem?.code === 'not-restorable');
    expect(found.length).toBeGreaterThan(0);
    const sql = found.flatMap((check) => check.sql ?? []);
    const acting = major >= 16 ? ' with inherit true, set true' : '';
    expect(sql).toContain(`grant app_owner to guard${acting}`);
    expect(sql).toContain(`grant "Odd ""name""" to guard${acting}`);
    expect(sql.some((line) => line.startsWith('-- only a superuser may put back'))).toBe(true);
    expect(sql).toContain('alter role guard createdb');
    expect(sql).toContain(
      '-- only a superuser gives things there back: "Odd ""name""" may not create in schema app of database shop',
    );
    await run('shop', 'grant create on schema app to "Odd ""name"""');
    expect((await checks()).flatMap((check) => check.sql ?? []).join()).not.toContain('may not create');
    expect(sql.filter((line) => /superuser/.test(line) && !line.startsWith('--'))).toEqual([]);
  });

  it('with these grants a change by others is put back by that role', async () => {
    await run('postgres', ...sqlOf(await checks()));
    const lacking = (await checks()).filter(({ ok }) => !ok).map(({ problem }) => problem?.code);
    // What belongs to superusers, and stands as a comment in the SQL.
    expect([...new Set(lacking)]).toEqual([...(major === 14 ? ['settings-closed'] : []), 'not-restorable']);
    const target = targetOf(cluster, agent);
    const before = await target.capture();
    await run(
      'shop',
      'revoke all on app.images from image_svc',
      'grant select on app.odd to public',
      'alter table app.images enable row level security',
      'create policy nobody on app.images using (false)',
      'alter default privileges for role app_owner grant insert on tables to image_svc',
      'alter table app.odd owner to app_owner',
      'grant create on schema app to public',
    );
    await run(
      'postgres',
      'alter role image_svc nologin connection limit 2',
      "alter role image_svc set work_mem = '9MB'",
      "alter role app_owner password 'y'",
      'grant connect on database shop to public',
      "alter database shop set search_path = 'app'",
      "alter system set work_mem = '9MB'",
    );
    await edit(cluster, 'pg_hba.conf', (text) => `host all image_svc all reject\n${text}`);
    await run('postgres', 'select pg_reload_conf()');
    // From 16 on only its grantor takes a membership back.
    const granted = major >= 16 ? 'grant app_owner to image_svc granted by guard' : 'grant app_owner to image_svc';
    await run(
      'postgres',
      'alter database shop connection limit 1',
      'alter database shop owner to "Odd ""name"""',
      granted,
    );
    const report = await reverted(target, before, null);
    expect(report.remaining).toEqual([]);
    const after = await target.capture();
    expect(after.snapshot?.id).toBe(before.snapshot?.id);
    await target.close();
  });

  it('a superuser lacks nothing, and is more than the agent needs', async () => {
    const found = await doctorChecks(targetOptions(cluster));
    expect(found.filter(({ ok }) => !ok).map(({ problem }) => problem?.code)).toEqual(['more-than-needed']);
    expect(sqlOf(found)).toEqual([]);
  });
});
