/** Roles with exactly what `doctor --sql` prints for a real Patroni cluster: what they can, what they cannot, and that nothing is for nothing. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { loadAgentConfig, loadKnowngoodConfig } from '../../../../config/load.ts';
import type { ConfigChange } from '../../../../domain/change.ts';
import type { AgentConfig } from '../../../../domain/config.ts';
import { createPatroniOwner } from '../../../../targets/managed/patroni/owner.ts';
import { createManagedTarget } from '../../../../targets/managed/target.ts';
import type { Prober } from '../../../../domain/least-privilege/prober.ts';
import type { Target } from '../../../../targets/target.ts';
import type { DoctorCheck } from '../../../../targets/postgres/doctor-check.ts';
import { inspect, readProbers } from '../../../../worker/inspect.ts';
import { type Run, command } from '../../../support/cli.ts';
import {
  type PatroniCluster,
  type PatroniMember,
  login,
  rules,
  startPatroni,
  superuserPassword,
  until,
} from '../../../support/patroni.ts';
import { runScript } from '../../../support/psql.ts';
import { applied, nothingAllowed, reverted } from '../../postgres/server.ts';

/** `knowngood` is the role of agent.yaml, and so the reverter. */
const [reader, reverter, prober] = ['knowngood_reader', 'knowngood', 'knowngood_prober'] as const;
const imageRule = 'host shop image_svc 127.0.0.0/8 scram-sha-256';
const allRules = [...rules, `host all ${reader} 127.0.0.0/8 scram-sha-256`];

let cluster: PatroniCluster;
let leader: PatroniMember;
let standby: PatroniMember;
let folder: string;
let config: readonly string[];
let agent: AgentConfig;
let printed: string;
let probers: readonly Prober[];

beforeAll(async () => {
  cluster = await startPatroni();
  leader = await cluster.leader();
  standby = cluster.members.find(({ name }) => name !== leader.name) ?? leader;
  await cluster.patch({ postgresql: { pg_hba: allRules } });
  await run(
    'postgres',
    'create role app_owner',
    `create role image_svc login password 'image'`,
    'create database shop owner app_owner',
    'revoke connect on database shop from public',
  );
  await run('shop', 'create table images (id int); alter table images owner to app_owner');
  folder = mkdtempSync(join(tmpdir(), 'knowngood-patroni-roles-'));
  const secrets = { admin: superuserPassword, api: login.password, secret: 'sesame' };
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(folder, name), secret);
  const file = (name: keyof typeof secrets): string => `'\${file:${folder}/${name}}'`;
  writeFileSync(
    join(folder, 'agent.yaml'),
    `target: shop-db
connection: postgresql://${reverter}@/postgres?sslmode=disable
password: ${file('secret')}
allow: { sql: true }
patroni:
  endpoints: [${cluster.endpoints.join(', ')}]
  username: ${login.username}
  password: ${file('api')}
`,
  );
  const check = `{ sql: { as: ${prober}, password: ${file('secret')}, database: shop, query: select 1 from images, sslmode: disable } }`;
  writeFileSync(
    join(folder, 'knowngood.yaml'),
    `targets: { shop-db: { connection: 'postgresql://127.0.0.1:${leader.port}/postgres' } }
dependents: { images: { uses: shop-db, checks: { read: ${check} } } }
`,
  );
  config = ['--config', join(folder, 'knowngood.yaml'), '--agent-config', join(folder, 'agent.yaml')];
  agent = await loadAgentConfig(join(folder, 'agent.yaml'));
  const { dependents } = await loadKnowngoodConfig(join(folder, 'knowngood.yaml'));
  const checks = dependents.flatMap(({ checks: of }) => of.flatMap((one) => (one.kind === 'sql' ? [one] : [])));
  probers = await readProbers(checks, [prober]);
  const first = await asAdmin();
  if (first.code !== 0) throw new Error(first.err);
  printed = first.out;
  await runPrinted(printed);
  for (const role of [reader, reverter, prober]) await run('postgres', `alter role ${role} password 'sesame'`);
}, 180_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster?.close();
});

beforeEach(() => cluster.settled(), 100_000);

function at({ port }: PatroniMember): { url(user?: string, database?: string): string } {
  const login = `postgres:${encodeURIComponent(superuserPassword)}`;
  return { url: (_, database = 'postgres') => `postgresql://${login}@127.0.0.1:${port}/${database}` };
}

async function run(database: string, ...statements: readonly string[]): Promise<void> {
  const superuser = { user: 'postgres', password: superuserPassword, database };
  for (const statement of statements) await cluster.query(leader, statement, superuser);
  await replayed();
}

async function runPrinted(script: string): Promise<void> {
  await runScript(at(leader), script);
  await replayed();
}

/** Else a standby may lack what was granted a moment ago. */
async function replayed(): Promise<void> {
  const [row] = await cluster.query<{ lsn: string }>(leader, 'select pg_current_wal_lsn()::text as lsn');
  await until('what standbys replay', async () => {
    const asked = cluster.members.filter(({ name }) => name !== leader.name);
    const sql = `select pg_last_wal_replay_lsn() >= '${row?.lsn}' as done`;
    const seen = await Promise.all(asked.map((member) => cluster.query<{ done: boolean }>(member, sql)));
    return seen.every(([one]) => one?.done === true) ? true : null;
  });
}

/** As a superuser, at the leader, unless the address says where. */
function asAdmin(place = '', ...args: readonly string[]): Promise<Run> {
  const connection = `postgresql://postgres@${place}/postgres?sslmode=disable`;
  return command('doctor', '--sql', ...args, ...config, '--connection', connection, '--password', secretOf('admin'));
}

function secretOf(name: string): string {
  return `\${file:${folder}/${name}}`;
}

/** All that is not well, by the doctor of an agent that logs in as the role. */
async function diagnosis(user: string): Promise<readonly NonNullable<DoctorCheck['problem']>[]> {
  const connection = `postgresql://${user}@/postgres?sslmode=disable`;
  const found = await inspect({ ...agent, database: { ...agent.database, connection } }, probers);
  return found.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
}

async function codesOf(user: string): Promise<readonly string[]> {
  return [...new Set((await diagnosis(user)).map(({ code }) => code))].sort();
}

async function withTarget<T>(user: string, work: (target: Target) => Promise<T>): Promise<T> {
  const { username, password } = login;
  const isSuper = user === 'postgres';
  const target = createManagedTarget({
    owner: createPatroniOwner({ endpoints: cluster.endpoints, username, password: null, tls: null }, password),
    database: { connection: `postgresql://${user}@/postgres?sslmode=disable`, password: null },
    password: isSuper ? superuserPassword : 'sesame',
    key: randomBytes(32),
  });
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

async function thereAndBack(user: string, change: ConfigChange): Promise<void> {
  await withTarget(user, async (target) => {
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
    const before = await target.capture();
    expect(before.dirty).toEqual([]);
    await applied(target, before, change, { ...nothingAllowed, sql: true });
    const after = await target.capture();
    expect(after.snapshot?.id).not.toBe(before.snapshot?.id);
    expect((await reverted(target, before, after)).remaining).toEqual([]);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  });
}

const declared: ConfigChange = { kind: 'config', settings: { work_mem: '16MB' }, hba: [{ remove: imageRule }] };

/** What is well for the doctor, but that it is no superuser: see docs/privileges.md. */
const known = { [reader]: ['not-restorable', 'verifiers-unreadable'], [reverter]: ['not-restorable'] };

it.each([reader, reverter])('the doctor finds that %s has neither too little nor too much', async (user) => {
  expect(await codesOf(user)).toEqual(known[user]);
});

it('the reader guards settings and rules: a snapshot, a change through Patroni, and its revert', async () => {
  await thereAndBack(reader, declared);
}, 120_000);

it('the reverter does so too, with a restart, and takes back what SQL has changed', async () => {
  const sql = [
    { database: 'postgres', statement: 'alter role image_svc connection limit 3' },
    { database: 'shop', statement: 'grant select on images to image_svc' },
  ];
  await thereAndBack(reverter, { ...declared, sql });
  await thereAndBack(reverter, { kind: 'config', settings: { max_connections: 110 }, restart: 'allowed' });
}, 240_000);

it('both see all that a superuser sees, but for passwords', async () => {
  const seenBy = (user: string) =>
    withTarget(user, async (target) => {
      const { settings, roles, ...rest } = (await target.capture()).snapshot?.sections ?? ({} as never);
      return { ...rest, settings, roles: roles.map((role) => ({ ...role, verifier: null })) };
    });
  const whole = await seenBy('postgres');
  for (const user of [reader, reverter]) expect(await seenBy(user)).toEqual(whole);
});

it('neither sets, reloads, restarts or reads what is not its own', async () => {
  for (const user of [reader, reverter])
    for (const statement of [
      `alter system set work_mem = '9MB'`,
      'select pg_reload_conf()',
      'select pg_promote()',
      'select pg_rotate_logfile()',
      `select pg_read_binary_file('/etc/hostname')`,
      `select pg_read_file('postgresql.conf')`,
      `copy (select 1) to '/tmp/knowngood-roles'`,
      `copy (select 1) to program 'true'`,
    ])
      expect([user, statement, await refusal(user, statement)]).toEqual([user, statement, '42501']);
  // Known, and said in the script.
  expect(await refusal(reader, `select pg_read_binary_file('global/pg_control')`)).toBe('done');
  expect(printed.replaceAll('\n-- ', ' ')).toContain('It reads any file of the data directory');
});

function refusal(user: string, statement: string): Promise<string> {
  return cluster.query(leader, statement, { user, password: 'sesame', database: 'postgres' }).then(
    () => 'done',
    (error: { code?: string }) => error.code ?? 'no code',
  );
}

it('every grant is needed: without any of them there is no snapshot, or the doctor says what is not seen', async () => {
  const grants = [...printed.matchAll(/^grant ([^;]*) to knowngood_reader;$/gm)].map(([, what = '']) => what);
  const lacking: Record<string, readonly string[]> = {};
  // Of these PUBLIC has the same, until somebody takes it away.
  const everybodys = ['postgres', 'template1'].map((name) => `connect on database ${name}`);
  expect(grants).toEqual(expect.arrayContaining(everybodys));
  for (const what of grants.filter((one) => !everybodys.includes(one))) {
    await run('postgres', `revoke ${what} from ${reader}`);
    lacking[what] = (await codesOf(reader)).filter((code) => !known[reader].includes(code));
    const sees = await withTarget(reader, (target) => target.capture()).then(
      ({ dirty }) => dirty.length === 0,
      () => false,
    );
    lacking[what] = [...lacking[what], sees ? 'seen' : 'not seen'];
    await run('postgres', `grant ${what} to ${reader}`);
  }
  const none = ['insufficient-privilege', 'not seen'];
  expect(lacking).toEqual({
    pg_read_all_settings: none,
    pg_read_all_stats: ['sessions-unseen', 'seen'],
    'select on pg_file_settings': none,
    'execute on function pg_show_all_file_settings()': none,
    'select on pg_hba_file_rules': none,
    'execute on function pg_hba_file_rules()': none,
    'execute on function pg_read_binary_file(text)': none,
    'connect on database shop': ['database-unread', 'not seen'],
    ...(printed.includes('pg_ident_file_mappings')
      ? {
          'select on pg_ident_file_mappings': ['maps-unreadable', 'seen'],
          'execute on function pg_ident_file_mappings()': ['maps-unreadable', 'seen'],
        }
      : {}),
  });
  // The reverter has nothing of it by itself.
  await run('postgres', `revoke ${reader} from ${reverter}`);
  expect(await codesOf(reverter)).toContain('insufficient-privilege');
  await runPrinted(printed);
  expect(await codesOf(reverter)).toEqual(known[reverter]);
}, 240_000);

it('the doctor says what a role could do past Patroni', async () => {
  await run('postgres', `grant execute on function pg_reload_conf() to ${reader}`);
  await run('shop', `revoke select on images from ${prober}`);
  expect(await codesOf(reader)).toContain('check-role-lacks');
  await run('shop', `grant select on images to ${prober}`);
  await run('postgres', `grant pg_read_server_files to ${reader}`);
  // PostgreSQL 15 and newer, as the view.
  const mayGrantSettings = printed.includes('pg_ident_file_mappings');
  if (mayGrantSettings) await run('postgres', `grant alter system on parameter work_mem to ${reader}`);
  const { detail } = (await diagnosis(reader)).find(({ code }) => code === 'more-than-needed') ?? {};
  expect(detail).toMatch(/it is in pg_read_server_files; .*it may reload the server, which Patroni does/);
  if (mayGrantSettings) {
    expect(detail).toMatch('it may set work_mem by ALTER SYSTEM, which outranks Patroni');
    await run('postgres', `revoke alter system on parameter work_mem from ${reader}`);
  }
  await run('postgres', `revoke execute on function pg_reload_conf() from ${reader}`);
  await run('postgres', `revoke pg_read_server_files from ${reader}`);
});

it('is asked of the leader, whoever that is, and not of a standby', async () => {
  expect(printed).toContain(`member ${leader.name} (127.0.0.1:${leader.port})`);
  expect((await asAdmin(`127.0.0.1:${leader.port}`)).out).toBe((await asAdmin()).out);
  const there = await asAdmin(`127.0.0.1:${standby.port}`);
  expect(there).toMatchObject({ code: 1, out: '' });
  expect(there.err).toMatch(`the server at 127.0.0.1:${standby.port} is a standby`);
  expect(there.err).toMatch(`It is member ${leader.name} at 127.0.0.1:${leader.port}.`);
  await expect(runScript(at(standby), printed)).rejects.toThrow('read-only transaction');
});

it('is told by its own role, too, and then it is the same', async () => {
  expect(await command('doctor', '--sql', ...config)).toMatchObject({ code: 0, out: printed });
});

it('lets files be read outside of the data directory only where they are', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'knowngood-ident-'));
  chmodSync(outside, 0o755);
  writeFileSync(join(outside, 'pg_ident.conf'), '', { mode: 0o644 });
  try {
    await run('postgres', `alter system set ident_file = '${outside}/pg_ident.conf'`);
    await restartLeader();
    expect((await diagnosis(reader)).map(({ detail }) => detail)).toContain(
      `Missing: grant pg_read_server_files to ${reader};`,
    );
    const { out } = await asAdmin();
    expect(out).toMatch(new RegExp(`^grant pg_read_server_files to ${reader};$`, 'm'));
    await runPrinted(out);
    expect(await codesOf(reader)).not.toContain('insufficient-privilege');
    expect(await codesOf(reader)).not.toContain('more-than-needed');
  } finally {
    await run('postgres', 'alter system reset ident_file', `revoke pg_read_server_files from ${reader}`);
    await restartLeader();
    rmSync(outside, { recursive: true, force: true });
  }
}, 120_000);

async function restartLeader(): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${leader.api}/restart`, { method: 'POST', headers, body: '{}' });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  await cluster.settled();
}

it('is taken away again', async () => {
  const gone = (await asAdmin('', '--drop')).out;
  expect(gone).toContain(`-- Run it at the leader: member ${leader.name}`);
  await runPrinted(gone);
  expect(await cluster.query(leader, `select rolname from pg_roles where rolname like 'knowngood%'`)).toEqual([]);
});
