/** Reader, reverter and prober with exactly what `doctor --sql` prints, on every version: what they can, and what they cannot. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ConfigChange } from '../../../domain/change.ts';
import type { SqlCheck } from '../../../domain/check.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { Sections } from '../../../domain/snapshot.ts';
import { measureSql } from '../../../probes/sql.ts';
import { loadAgentConfig, loadKnowngoodConfig } from '../../../config/load.ts';
import { resolveSecret } from '../../../config/secrets.ts';
import type { Target } from '../../../targets/target.ts';
import { inspect, readProbers } from '../../../worker/inspect.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { type Run, command } from '../../support/cli.ts';
import { runScript } from '../../support/psql.ts';
import { applied, filesOf, nothingAllowed, query, reverted, targetOf } from './server.ts';

const [reader, reverter, prober] = ['knowngood_reader', 'knowngood_reverter', 'knowngood_prober'] as const;
const hba = 'local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n';

describe.each([14, 15, 16, 17, 18] as const)('on PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let folder: string;
  let config: readonly string[];
  let printed: string;

  beforeAll(async () => {
    cluster = await createCluster({ major, hba });
    await run(
      'postgres',
      'create role app_owner',
      'create role helper',
      "create role image_svc login password 'i'",
      'alter role image_svc set log_min_duration_statement = 250',
      "alter role image_svc set work_mem = '8MB'",
      'create role walker login replication',
      'create role seer login bypassrls',
      'create database shop owner app_owner',
      'revoke connect on database shop from public',
      'grant connect on database shop to image_svc',
      'grant app_owner to seer',
      ...(major >= 16
        ? ['grant helper to app_owner with admin option', 'grant helper to seer granted by app_owner']
        : []),
    );
    await run(
      'shop',
      'create schema app authorization app_owner',
      'create table app.images (id int); create table app.secrets (id int); create table public.orders (id int)',
      'alter table app.images owner to app_owner; alter table app.secrets owner to app_owner',
      'alter table public.orders owner to helper',
      'grant usage on schema app to image_svc; grant select on app.images to image_svc',
    );
    folder = mkdtempSync(join(tmpdir(), 'knowngood-roles-'));
    writeFileSync(join(folder, 'admin'), cluster.password);
    writeFileSync(join(folder, 'secret'), 'sesame');
    const file = (name: string): string => `'\${file:${folder}/${name}}'`;
    const address = `127.0.0.1:${cluster.port}/postgres`;
    writeFileSync(
      join(folder, 'agent.yaml'),
      `target: shop-db
connection: postgresql://${reverter}@${address}
password: ${file('secret')}
allow: { sql: true }
restart: ${JSON.stringify(cluster.pgCtl('restart', '-m', 'fast', '-w'))}
`,
    );
    const check = (query: string, as = prober): string =>
      `{ sql: { as: ${as}, password: ${file('secret')}, database: shop, query: ${query}, sslmode: disable } }`;
    writeFileSync(
      join(folder, 'knowngood.yaml'),
      `targets: { shop-db: { connection: 'postgresql://${address}' } }
dependents:
  images:
    uses: shop-db
    checks:
      read: ${check('select 1 from app.images limit 1')}
      orders: ${check('select count(*) from orders')}
      service: ${check('select 1 from app.images limit 1', 'image_svc' as typeof prober)}
`,
    );
    config = ['--config', join(folder, 'knowngood.yaml'), '--agent-config', join(folder, 'agent.yaml')];
    printed = (await asAdmin('doctor', '--sql')).out;
    await runScript(cluster, printed);
    for (const role of [reader, reverter, prober]) await run('postgres', `alter role ${role} password 'sesame'`);
  }, 60_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  async function as(user: string, database: string, statements: readonly string[]): Promise<pg.QueryResult> {
    const client = new pg.Client(cluster.url(user, database, user === 'postgres' ? undefined : 'sesame'));
    await client.connect();
    try {
      let result: pg.QueryResult | null = null;
      for (const statement of statements) result = await client.query(statement);
      return result as unknown as pg.QueryResult;
    } finally {
      await client.end();
    }
  }
  const run = (database: string, ...statements: readonly string[]) => as('postgres', database, statements);
  /** The SQLSTATE with which the server refuses. */
  const refusal = (user: string, database: string, statement: string): Promise<string | null> =>
    as(user, database, statement.split('; ')).then(
      () => null,
      (error: { code?: string }) => error.code ?? 'no code',
    );

  function asAdmin(...args: readonly string[]): Promise<Run> {
    const login = ['--connection', `postgresql://postgres@127.0.0.1:${cluster.port}/postgres`];
    return command(...args, ...config, ...login, '--password', `\${file:${folder}/admin}`);
  }

  async function withTarget<T>(user: string, work: (target: Target) => Promise<T>): Promise<T> {
    const connection = `postgresql://${user}@127.0.0.1:${cluster.port}/postgres`;
    const password = user === 'postgres' ? cluster.password : 'sesame';
    const target = targetOf(cluster, { database: { connection, password: null }, password });
    try {
      return await work(target);
    } finally {
      await target.close();
    }
  }
  const sectionsSeenBy = (user: string): Promise<Sections | undefined> =>
    withTarget(user, async (target) => {
      const { snapshot, dirty } = await target.capture();
      expect(dirty).toEqual([]);
      return snapshot?.sections;
    });
  const refused = (user: string, change: ConfigChange): Promise<readonly Problem[]> =>
    withTarget(user, async (target) => {
      const planned = await target.plan(await target.capture(), change, nothingAllowed);
      return planned.kind === 'refused' ? planned.problems : [];
    });

  /** Applies the change as that role, and takes it back. */
  async function thereAndBack(user: string, change: ConfigChange): Promise<void> {
    await withTarget(user, async (target) => {
      const files = await filesOf(cluster);
      const before = await target.capture();
      await applied(target, before, change);
      const after = await target.capture();
      expect(await filesOf(cluster)).not.toEqual(files);
      const report = await reverted(target, before, after, { mayRestart: false });
      expect(report.remaining).toEqual([]);
      expect(await filesOf(cluster)).toEqual(files);
      expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
    });
  }

  const inFiles: ConfigChange = {
    kind: 'config',
    files: { 'pg_hba.conf': `host all image_svc 127.0.0.9/32 reject\n${hba}` },
  };
  const settingsToo: ConfigChange = {
    kind: 'config',
    hba: [{ add: 'host all image_svc 127.0.0.9/32 reject' }],
    settings: { work_mem: '9MB', log_min_duration_statement: 100 },
  };

  it('may be run again, and then changes nothing', async () => {
    const before = await sectionsSeenBy('postgres');
    await runScript(cluster, printed);
    await runScript(cluster, (await asAdmin('doctor', '--sql')).out);
    expect(await sectionsSeenBy('postgres')).toEqual(before);
    expect(printed).not.toMatch(/sesame|SCRAM/);
  });

  it('the reader sees what a superuser sees, but for passwords', async () => {
    const whole = await sectionsSeenBy('postgres');
    const seen = await sectionsSeenBy(reader);
    const verifiers = seen?.roles.map(({ verifier }) => verifier).filter((verifier) => verifier !== null);
    expect(new Set(verifiers)).toEqual(new Set(['unreadable']));
    const without = (sections: Sections | undefined) => ({
      ...sections,
      roles: sections?.roles.map((role) => ({ ...role, verifier: null })),
    });
    expect(without(seen)).toEqual(without(whole));
  });

  it('the reverter sees all that a superuser sees', async () => {
    expect(await sectionsSeenBy(reverter)).toEqual(await sectionsSeenBy('postgres'));
  });

  /** What the doctor says of this host, a line each. */
  async function diagnosis(): Promise<readonly string[]> {
    const agent = await loadAgentConfig(join(folder, 'agent.yaml'));
    const found = await inspect(agent, await readProbers(await checksOf(), [prober]));
    return found.flatMap(({ problem }) => (problem === undefined ? [] : [`${problem.code}: ${inWords(problem)}`]));
  }

  async function checksOf(): Promise<readonly SqlCheck[]> {
    const { dependents } = await loadKnowngoodConfig(join(folder, 'knowngood.yaml'));
    return dependents.flatMap(({ checks }) => checks.flatMap((check) => (check.kind === 'sql' ? [check] : [])));
  }

  it('the doctor finds neither too little nor too much', async () => {
    const lines = await diagnosis();
    expect(lines.filter((line) => !line.startsWith('not-restorable: '))).toEqual(
      major === 14 ? [expect.stringMatching(/^settings-closed: .*before PostgreSQL 15 only a superuser may/)] : [],
    );
    expect(lines.join('\n')).toMatch(/cannot put back all of: roles/);
  });

  it('the reader guards changes of files, and sets and grants nothing', async () => {
    await thereAndBack(reader, inFiles);
    await withTarget(reader, async (target) => {
      const before = await target.capture();
      await run('postgres', "alter system set work_mem = '9MB'", 'select pg_reload_conf()');
      const report = await reverted(target, before, await target.capture(), { mayRestart: false });
      expect(report.remaining).toEqual([]);
      expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
    });
    expect(await refused(reader, settingsToo)).toMatchObject([
      { code: 'insufficient-privilege', message: `role "${reader}" may not set "work_mem"` },
      { code: 'insufficient-privilege', message: `role "${reader}" may not set "log_min_duration_statement"` },
    ]);
    for (const statement of [
      "alter system set work_mem = '9MB'",
      'select pg_reload_conf()',
      'create role mine',
      'select * from pg_authid',
      "select pg_read_file('postgresql.conf')",
    ])
      expect([statement, await refusal(reader, 'postgres', statement)]).toEqual([statement, '42501']);
    expect(await refusal(reader, 'shop', 'select * from app.images')).toBe('42501');
  });

  it('the reverter makes a change of settings and files, and takes it back', async () => {
    if (major >= 15) return thereAndBack(reverter, settingsToo);
    expect(await refused(reverter, settingsToo)).toMatchObject([
      { code: 'insufficient-privilege', hint: expect.stringContaining('only a superuser may') },
      { code: 'insufficient-privilege' },
    ]);
    await thereAndBack(reverter, inFiles);
    await thereAndBack(reverter, { kind: 'config', files: { 'conf.d/work.conf': "work_mem = '9MB'\n" } }).catch(
      (error: Error) => expect(error.message).toMatch('conf.d'),
    );
  });

  it('CREATEROLE is power over the host before 16, and not since', async () => {
    const itself = `grant pg_execute_server_program to ${reverter}`;
    expect(await refusal(reverter, 'postgres', itself)).toBe(major < 16 ? null : '42501');
    if (major < 16) await run('postgres', `revoke pg_execute_server_program from ${reverter}`);
  });

  it('the reverter sets nothing that agent.yaml refuses', async () => {
    for (const statement of [
      "alter system set archive_command = 'true'",
      "alter system set shared_preload_libraries = ''",
      "copy (select 1) to program 'true'",
      "copy (select 1) to '/tmp/knowngood-roles'",
      "select pg_read_file('postgresql.conf')",
      'alter role postgres nologin',
    ])
      expect([statement, await refusal(reverter, 'postgres', statement)]).toEqual([statement, '42501']);
  });

  it('the reverter gives roles and grants back, and tells no log of passwords', async () => {
    await run('postgres', "alter system set log_statement = 'all'", 'select pg_reload_conf()');
    await withTarget(reverter, async (target) => {
      const before = await target.capture();
      const logged = (await readFile(cluster.logFile, 'utf8')).length;
      await run(
        'shop',
        'revoke all on app.images from image_svc',
        'grant select on app.secrets to public',
        'alter table app.images enable row level security',
        'create policy nobody on app.images using (false)',
        'alter default privileges for role app_owner grant insert on tables to image_svc',
        'alter table app.images owner to helper',
        'revoke usage on schema app from image_svc',
      );
      await run(
        'postgres',
        'alter role image_svc nologin connection limit 2',
        ...(major >= 15 ? ['alter role image_svc reset all'] : []),
        "alter role image_svc password 'taken'",
        'alter role seer connection limit 1',
        ...(major >= 16 ? ['alter role walker nologin', 'revoke helper from seer granted by app_owner'] : []),
        'revoke connect on database shop from image_svc',
        'alter database shop connection limit 1',
        "alter database shop set search_path = 'app'",
      );
      const change = await target.capture();
      const report = await reverted(target, before, change, { mayRestart: false });
      expect(report.remaining).toEqual([]);
      // By meaning: an ACL that was NULL is written out now.
      expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
      const log = (await readFile(cluster.logFile, 'utf8')).slice(logged);
      expect(log).toMatch(/alter role image_svc|revoke all on app.images/);
      expect(log.includes('SCRAM-SHA-256$')).toBe(major < 15);
    });
    await run('postgres', 'alter system reset log_statement', 'select pg_reload_conf()');
  });

  it('what only a superuser gives back is named, with what would let it through, and the rest goes back', async () => {
    const before = await withTarget(reverter, (target) => target.capture());
    await run('shop', 'alter table app.secrets owner to seer');
    await run(
      'postgres',
      'alter role postgres connection limit 7',
      'revoke app_owner from seer',
      'alter role walker noreplication',
      'alter role seer nobypassrls',
      'alter role all set work_mem = 1024',
      'grant create on tablespace pg_default to image_svc',
      'alter role image_svc connection limit 3',
      ...(major < 15 ? ['alter role image_svc reset log_min_duration_statement'] : []),
    );
    const change = await withTarget('postgres', (target) => target.capture());
    const { remaining } = await withTarget(reverter, (target) =>
      reverted(target, before, change, { mayRestart: false }),
    );
    const told = remaining.map(inWords).join('\n');
    for (const name of [
      'role postgres',
      'grant app_owner to seer',
      'walker',
      'seer',
      'role all',
      'pg_default',
      'app.secrets',
    ])
      expect(told).toMatch(name);
    expect(told).not.toMatch(/image_svc connection limit/);
    for (const { code, hint } of remaining) {
      expect(['insufficient-privilege', 'sql-not-restored']).toContain(code);
      expect(hint).toMatch(/superuser|grant .* to/);
    }
    const left = await withTarget('postgres', (target) => reverted(target, before, change, { mayRestart: false }));
    expect(left.remaining).toEqual([]);
  });

  it('the prober runs its checks, and can do no more', async () => {
    for (const check of await checksOf())
      if (check.user === prober) expect(await measureSql(check, resolveSecret)).toMatchObject({ mark: 'pass' });
    for (const statement of [
      'select * from app.secrets',
      'set default_transaction_read_only = off; insert into app.images values (1)',
      'set default_transaction_read_only = off; delete from orders',
      'set default_transaction_read_only = off; create table app.mine (id int)',
      'set default_transaction_read_only = off; create schema mine',
      'set default_transaction_read_only = off; create role mine',
      'select * from pg_authid',
      'select * from pg_file_settings',
      "select pg_read_file('postgresql.conf')",
      'select pg_reload_conf()',
      'set role image_svc',
    ])
      expect([statement, await refusal(prober, 'shop', statement)]).toEqual([statement, '42501']);
    expect(await refusal(prober, 'shop', 'create temporary table t (id int)')).toBe('25006');
    const clients = Array.from({ length: 9 }, () => new pg.Client(cluster.url(prober, 'shop', 'sesame')));
    const codes = await Promise.all(clients.map((client) => client.connect().then(() => null, codeOf)));
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    expect(codes.filter((code) => code !== null)).toEqual(['53300']);
  });

  it('the doctor names what a role of checks lacks, and what it has beyond', async () => {
    await run('shop', `grant select on app.secrets to ${prober}; revoke select on public.orders from ${prober}`);
    await run('postgres', `grant image_svc to ${prober}; grant pg_execute_server_program to ${reverter}`);
    const lines = await diagnosis();
    expect(lines).toContainEqual(
      expect.stringMatching(/^check-role-lacks: role "knowngood_prober" .*no SELECT on public\.orders/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^more-than-needed: .*_prober" .*it is in image_svc.*app\.secrets/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^more-than-needed: .*_reverter" .*it is in pg_execute_server_program/),
    );
    await run('shop', `revoke select on app.secrets from ${prober}; grant select on public.orders to ${prober}`);
    await run('postgres', `revoke image_svc from ${prober}; revoke pg_execute_server_program from ${reverter}`);
  });

  it('is told by its own role, too, once that may see', async () => {
    const own = await command('doctor', '--sql', ...config);
    expect(own).toMatchObject({ code: 0, out: printed });
  });

  it('is refused for a superuser, and never made for one', async () => {
    const run = await asAdmin('doctor', '--sql', '--reader', 'postgres');
    expect(run).toMatchObject({ code: 1, out: '', err: expect.stringContaining('role "postgres" is a superuser') });
  });

  it('is taken away again, twice, and can be had once more', async () => {
    const before = await query(cluster, 'select rolname from pg_roles order by 1');
    await run('shop', `create table app.kept (id int); alter table app.kept owner to ${reverter}`);
    const gone = (await asAdmin('doctor', '--sql', '--drop')).out;
    await expect(runScript(cluster, gone)).rejects.toThrow(/role "knowngood_reverter" owns objects/);
    await run('shop', 'drop table app.kept');
    await runScript(cluster, gone);
    await runScript(cluster, gone);
    const names = (await query<{ rolname: string }>(cluster, 'select rolname from pg_roles')).map(
      ({ rolname }) => rolname,
    );
    expect(names.filter((name) => name.startsWith('knowngood'))).toEqual([]);
    await runScript(cluster, printed);
    expect(await query(cluster, 'select rolname from pg_roles order by 1')).toEqual(before);
  });
});

function inWords({ message, detail = '' }: Problem): string {
  return `${message} ${detail}`;
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
