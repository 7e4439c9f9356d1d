/** Changes of a real Patroni cluster and their reverts: one leader and two standbys, watched on new connections. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConfigChange } from '../../../../domain/change.ts';
import { createPatroniOwner } from '../../../../targets/managed/patroni/owner.ts';
import { managedDoctorChecks } from '../../../../targets/managed/doctor.ts';
import { createManagedTarget } from '../../../../targets/managed/target.ts';
import type { Captured, Target } from '../../../../targets/target.ts';
import {
  type PatroniCluster,
  type PatroniMember,
  login,
  rules,
  startPatroni,
  superuserPassword,
  until,
} from '../../../support/patroni.ts';
import { applied, nothingAllowed, reverted, silent, unfenced } from '../../postgres/server.ts';

const key = randomBytes(32);
const image = { user: 'image_svc', password: 'image', database: 'shop' };
const imageRule = 'host shop image_svc 127.0.0.0/8 scram-sha-256';
const witness = { user: 'image_svc', database: 'shop', sourceAddress: null, tls: false };

describe('a Patroni cluster', () => {
  let cluster: PatroniCluster;
  let target: Target;
  let open: () => Target;

  beforeAll(async () => {
    cluster = await startPatroni();
    const { endpoints } = cluster;
    const database = { connection: 'postgresql://postgres@/postgres?sslmode=disable', password: null };
    open = () => {
      const { username, password } = login;
      const owner = createPatroniOwner({ endpoints, username, password: null, tls: null }, password);
      return createManagedTarget({ owner, database, password: superuserPassword, key });
    };
    target = open();
    const leader = await cluster.leader();
    await cluster.query(leader, `create role image_svc login password 'image'`);
    await cluster.query(leader, 'create database shop');
  }, 180_000);

  afterAll(async () => {
    await target?.close();
    await cluster?.close();
  });

  beforeEach(() => cluster.settled(), 100_000);

  /** As each member says it, on a new connection, by name. */
  async function show(name: string): Promise<readonly string[]> {
    const rows = await Promise.all(
      cluster.members.map((member) =>
        cluster.query<{ value: string }>(member, `select current_setting('${name}') as value`),
      ),
    );
    return rows.map(([row]) => row?.value ?? '');
  }

  /** Roles in the order in which their servers have last started. */
  async function starts(): Promise<readonly string[]> {
    const leader = await cluster.leader();
    const rows = await Promise.all(
      cluster.members.map(async (member) => {
        const [row] = await cluster.query<{ at: number }>(
          member,
          'select extract(epoch from pg_postmaster_start_time())::float8 as at',
        );
        return { role: member.name === leader.name ? 'leader' : 'standby', at: row?.at ?? 0 };
      }),
    );
    return rows.toSorted((a, b) => a.at - b.at).map(({ role }) => role);
  }

  async function refusal(before: Captured, change: ConfigChange): Promise<readonly string[]> {
    const planned = await target.plan(before, change, nothingAllowed);
    return planned.kind === 'refused' ? planned.problems.map(({ code }) => code) : [];
  }

  /** 28000: no rule lets it in. */
  function logIn(member: PatroniMember): Promise<string> {
    return cluster.query(member, 'select 1', image).then(
      () => 'in',
      (error: unknown) => String((error as { code?: string }).code),
    );
  }

  it('is known, and its snapshot is the same twice', async () => {
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
    const before = await target.capture();
    expect(before.dirty).toEqual([]);
    expect(before.snapshot?.sections.files.map(({ path, role }) => [path, role])).toEqual([
      ['patroni:shop/config', 'declared'],
      ['patroni:shop/parameters', 'auto'],
      ['patroni:shop/pg_hba.conf', 'hba'],
      ['patroni:shop/pg_ident.conf', 'ident'],
    ]);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
    expect(await target.waysBack(before)).toEqual([
      { way: 'owner', open: true, detail: 'patroni:shop, reached: node1, node2, node3' },
    ]);
  });

  it('needs of its role what the doctor and the page say, and no more', async () => {
    const leader = await cluster.leader();
    await cluster.query(leader, `create role knowngood login password 'of the agent'`);
    const { username, password } = login;
    const options = () => ({
      owner: createPatroniOwner({ endpoints: cluster.endpoints, username, password: null, tls: null }, password),
      database: { connection: 'postgresql://knowngood@/postgres?sslmode=disable', password: null },
      password: 'of the agent',
      key,
    });
    const page = await readFile(new URL('../../../../docs/patroni.md', import.meta.url), 'utf8');
    for (const grant of /```sql\n([^`]*)```/.exec(page)?.[1]?.trim().split('\n') ?? [])
      await cluster.query(leader, grant);
    await until('grants that are enough', async () => {
      const lacking = (await managedDoctorChecks(options())).filter(
        ({ problem }) => problem?.code === 'insufficient-privilege',
      );
      for (const statement of lacking.flatMap(({ sql = [] }) => sql)) await cluster.query(leader, statement);
      return lacking.length === 0 ? true : null;
    });
    const found = await managedDoctorChecks(options());
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'Patroni answers the agent as patroni:shop',
        expect.stringMatching(/^PostgreSQL .* on node1, node2, node3 can be guarded$/),
        'the server would start again as it runs',
      ]),
    );
    const agent = createManagedTarget(options());
    try {
      expect(await agent.identify()).toMatchObject({ kind: 'guardable' });
      const before = await agent.capture();
      await applied(agent, before, { kind: 'config', settings: { work_mem: '16MB' } });
      expect(await show('work_mem')).toEqual(['16MB', '16MB', '16MB']);
      expect((await reverted(agent, before, await agent.capture())).remaining).toEqual([]);
    } finally {
      await agent.close();
      await cluster.query(leader, 'drop owned by knowngood');
      await cluster.query(leader, 'drop role knowngood');
    }
  }, 120_000);

  it('takes settings, and gives them back: what was not declared is not declared again', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB', statement_timeout: '5min' } });
    expect(await show('work_mem')).toEqual(['16MB', '16MB', '16MB']);
    const report = await reverted(target, before, await target.capture());
    expect(report.remaining).toEqual([]);
    expect(report.restarted).toBe(false);
    expect(await show('work_mem')).toEqual(['4MB', '4MB', '4MB']);
    expect(await show('statement_timeout')).toEqual(['0', '0', '0']);
    expect((await cluster.config()).postgresql.parameters).not.toHaveProperty('statement_timeout');
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
    expect(report.proof).toEqual([
      'Patroni: 2 of 2 keys are declared as they should be, read back',
      'members node1, node2, node3: settings as they should be, seen on new connections',
    ]);
    // Again, as after a lost answer.
    expect((await reverted(target, before, null)).remaining).toEqual([]);
  }, 120_000);

  it('raises max_connections on standbys first, and lowers it on the leader first', async () => {
    const before = await target.capture();
    expect(await refusal(before, { kind: 'config', settings: { max_connections: 130 } })).toEqual([
      'restart-forbidden',
    ]);
    await applied(target, before, { kind: 'config', settings: { max_connections: 130 }, restart: 'allowed' });
    expect(await show('max_connections')).toEqual(['130', '130', '130']);
    expect(await starts()).toEqual(['standby', 'standby', 'leader']);
    await cluster.settled();
    const change = await target.capture();
    expect(change.dirty).toEqual([]);

    const kept = await reverted(target, before, change, { mayRestart: false });
    // It is declared as before already: whoever goes on without having seen the change must look at what runs.
    expect((await reverted(target, before, null, { mayRestart: false })).remaining).toEqual(kept.remaining);
    expect(kept.remaining.map(({ code, message }) => [code, message])).toEqual(
      ['node1', 'node2', 'node3'].map((name) => [
        'needs-restart',
        `setting "max_connections" needs a restart of member ${name} to be as before`,
      ]),
    );
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.restarted).toBe(true);
    expect(await show('max_connections')).toEqual(['100', '100', '100']);
    expect(await starts()).toEqual(['leader', 'standby', 'standby']);
  }, 240_000);

  it('takes back a rule that denies a service, proven on a new connection', async () => {
    const before = await target.capture();
    const asked = {
      user: 'image_svc',
      database: 'shop',
      from: '127.0.0.1',
      tls: false,
      source: 'declared',
      who: ['x'],
    } as const;
    const planned = await target.plan(before, { kind: 'config', hba: [{ remove: imageRule }] }, nothingAllowed, [
      asked,
    ]);
    expect(planned).toMatchObject({
      plan: { summary: { access: { lost: [{ user: 'image_svc', database: 'shop' }] } } },
    });
    await applied(target, before, { kind: 'config', hba: [{ remove: imageRule }] });
    expect(target.access(before, await target.capture(), [asked])?.lost).toMatchObject([{ user: 'image_svc' }]);
    for (const member of cluster.members) expect(await logIn(member)).toBe('28000');
    const report = await reverted(target, before, await target.capture(), { witnesses: [witness] });
    expect(report.remaining).toEqual([]);
    for (const member of cluster.members) expect(await logIn(member)).toBe('in');
    expect(report.proof).toContain('pg_hba: witness image_svc@shop answers sasl, was denied (28000)');
    expect((await cluster.config()).postgresql.pg_hba).toEqual(rules);
  }, 120_000);

  it('lets nobody in again who must stay out', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', hba: [{ remove: imageRule }] });
    const change = await target.capture();
    const neverReopen = { roles: ['image_svc'], from: [], passwordless: false };
    for (const _ of ['first', 'again']) {
      const report = await target.revert({
        changeId: 'closed',
        before,
        change,
        mayRestart: false,
        witnesses: [],
        fence: () => undefined,
        say: () => undefined,
        neverReopen,
      });
      expect(report.remaining).toEqual([]);
      expect(report.held.length).toBeGreaterThan(0);
      for (const member of cluster.members) expect(await logIn(member)).toBe('28000');
    }
    await cluster.patch({ postgresql: { pg_hba: rules } });
    await until('the rules', async () => ((await logIn(await cluster.leader())) === 'in' ? true : null));
  }, 120_000);

  it('keeps what somebody else has edited meanwhile, key by key and rule by rule', async () => {
    const before = await target.capture();
    await applied(target, before, {
      kind: 'config',
      settings: { work_mem: '16MB', maintenance_work_mem: '128MB' },
      hba: [{ remove: imageRule }],
    });
    const change = await target.capture();
    const theirs = 'host shop report_svc 127.0.0.0/8 scram-sha-256';
    const { pg_hba: now } = (await cluster.config()).postgresql;
    await cluster.patch({
      maximum_lag_on_failover: 2_097_152,
      postgresql: { parameters: { work_mem: '20MB', random_page_cost: 1.1 }, pg_hba: [theirs, ...now] },
    });
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([
      'postgresql.parameters.work_mem: somebody else changed it since: the old value wins',
    ]);
    const config = await cluster.config();
    expect(config.maximum_lag_on_failover).toBe(2_097_152);
    expect(config.postgresql.parameters).toMatchObject({ work_mem: '4MB', random_page_cost: 1.1 });
    expect(config.postgresql.parameters).not.toHaveProperty('maintenance_work_mem');
    expect(config.postgresql.pg_hba).toEqual([theirs, ...rules]);
    // Cut off and run again: the merge is not merged a second time.
    expect((await reverted(target, before, change)).remaining).toEqual([]);
    expect((await cluster.config()).postgresql.pg_hba).toEqual([theirs, ...rules]);
    await cluster.patch({
      maximum_lag_on_failover: null,
      postgresql: { parameters: { random_page_cost: null }, pg_hba: rules },
    });
  }, 120_000);

  it('refuses what would have no effect, and says why', async () => {
    const before = await target.capture();
    const refused = (settings: ConfigChange['settings']): Promise<readonly string[]> =>
      refusal(before, { kind: 'config', settings: settings ?? {}, restart: 'allowed' });
    expect(await refused({ port: 5433 })).toEqual(['setting-not-declarable']);
    expect(await refused({ primary_slot_name: 'x' })).toEqual(['setting-not-declarable']);
    // Patroni would silently pass 100.
    expect(await refused({ max_connections: 20 })).toEqual(['bad-value']);
    expect(await refused({ work_memory: '1MB' })).toEqual(['unknown-setting']);
    expect(await refusal(before, { kind: 'config', files: { 'postgresql.conf': '' } })).toEqual(['files-managed']);

    const leader = await cluster.leader();
    await cluster.query(leader, `alter system set work_mem = '7MB'`);
    await cluster.query(leader, 'select pg_reload_conf()');
    await until('the setting', async () => ((await show('work_mem')).includes('7MB') ? true : null));
    expect(await refused({ work_mem: '16MB' })).toEqual(['setting-overridden']);
    await cluster.query(leader, 'alter system reset work_mem');
    await cluster.query(leader, 'select pg_reload_conf()');
  }, 120_000);

  it('reloads, and restarts nobody, while Patroni is paused', async () => {
    const before = await target.capture();
    await cluster.patch({ pause: true });
    try {
      await until('the pause', async () => ((await paused()) ? true : null));
      expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
      expect(await refusal(before, { kind: 'config', settings: { max_connections: 120 }, restart: 'allowed' })).toEqual(
        ['owner-paused'],
      );
      await applied(target, before, { kind: 'config', settings: { work_mem: '16MB' } });
      expect(await show('work_mem')).toEqual(['16MB', '16MB', '16MB']);
      expect((await reverted(target, before, await target.capture())).remaining).toEqual([]);
      expect(await show('work_mem')).toEqual(['4MB', '4MB', '4MB']);
    } finally {
      await cluster.patch({ pause: null });
    }
    // Paused after a change that has restarted them: what is declared goes back, the restarts wait.
    await until('the end of the pause', async () => ((await paused()) ? null : true));
    await applied(target, before, { kind: 'config', settings: { max_connections: 120 }, restart: 'allowed' });
    await cluster.settled();
    const change = await target.capture();
    await cluster.patch({ pause: true });
    await until('the pause', async () => ((await paused()) ? true : null));
    const report = await reverted(target, before, change);
    expect(report.remaining.map(({ code }) => code)).toContain('owner-paused');
    expect(report.restarted).toBe(false);
    expect(await show('max_connections')).toEqual(['120', '120', '120']);
    await cluster.patch({ pause: null });
    await until('the end of the pause', async () => ((await paused()) ? null : true));
    expect((await reverted(target, before, change)).remaining).toEqual([]);
    expect(await show('max_connections')).toEqual(['100', '100', '100']);
  }, 300_000);

  async function paused(): Promise<boolean> {
    const answer = await fetch(`${cluster.endpoints[0]}/cluster`);
    return ((await answer.json()) as { pause?: boolean }).pause === true;
  }

  it('is not reverted before a member that was away is back', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB' } });
    const change = await target.capture();
    const leader = await cluster.leader();
    const away = cluster.members.find(({ name }) => name !== leader.name) ?? leader;
    // Nobody tells its server any more: it goes on with what the change declared.
    await away.crashPatroni();
    const report = await reverted(target, before, change);
    expect(report.remaining.map(({ code, message }) => [code, message])).toEqual([
      ['member-away', `member ${away.name} has not been seen with the declared configuration`],
    ]);
    expect((await show('work_mem')).filter((value) => value === '16MB')).toHaveLength(1);
    await away.start();
    await cluster.settled();
    expect((await reverted(target, before, change)).remaining).toEqual([]);
    expect(await show('work_mem')).toEqual(['4MB', '4MB', '4MB']);
  }, 240_000);

  it('is reverted whichever member leads by then', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB' }, hba: [{ remove: imageRule }] });
    const change = await target.capture();
    const old = await cluster.leader();
    await old.crash();
    const leader = await until('another leader', async () => {
      const now = await cluster.leader();
      return now.name === old.name ? null : now;
    });
    // A failover is no drift, and no other server.
    const live = await until('a primary', () => target.capture().catch(() => null));
    expect(target.drift(change, live)).toEqual([]);
    expect(target.otherServer(change, live)).toBeNull();
    expect(await logIn(leader)).toBe('28000');
    const report = await reverted(target, before, change, { witnesses: [witness] });
    expect(report.remaining.map(({ code }) => code)).toEqual(['member-away']);
    // Dependents have their way in again long before the last member is back.
    expect(await logIn(leader)).toBe('in');
    await old.start();
    await cluster.settled();
    const last = await reverted(target, before, change, { witnesses: [witness] });
    expect(last.remaining).toEqual([]);
    expect(await show('work_mem')).toEqual(['4MB', '4MB', '4MB']);
    expect(target.drift(before, last.after ?? before)).toEqual([]);
  }, 300_000);

  it('takes back a value with which no server starts, though a member is down with it', async () => {
    const before = await target.capture();
    const change = { kind: 'config', settings: { shared_buffers: '900GB' }, restart: 'allowed' } as const;
    const leader = await cluster.leader();
    await expect(applied(target, before, change)).rejects.toMatchObject({ failure: 'NotApplied' });
    // A standby was tried first: the services have noticed nothing.
    expect(await cluster.query(leader, 'show shared_buffers')).toEqual([{ shared_buffers: '128MB' }]);
    const report = await until('the revert', async () => {
      const tried = await reverted(target, before, null);
      return tried.remaining.length === 0 ? tried : null;
    });
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
    expect((await cluster.leader()).name).toBe(leader.name);
    expect(await show('shared_buffers')).toEqual(['128MB', '128MB', '128MB']);
  }, 300_000);

  it('takes back one change, and leaves what others have edited since, also among the rules', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB' }, hba: [{ remove: imageRule }] });
    const change = await target.capture();
    const { pg_hba } = (await cluster.config()).postgresql;
    const theirs = 'host reports analyst 10.9.0.0/16 scram-sha-256';
    await cluster.patch({ postgresql: { pg_hba: [theirs, ...pg_hba], parameters: { lock_timeout: '9s' } } });
    await cluster.settled();
    const restore = { snapshot: before.snapshot?.id ?? '', restart: 'forbidden' } as const;
    const live = await target.capture();
    const back = await target.planRestore(live, before, restore, { allowance: nothingAllowed, change });
    if (back.kind === 'refused') throw new Error(JSON.stringify(back.problems));
    await target.apply(back.plan, unfenced, silent);
    const { postgresql } = await cluster.config();
    expect(postgresql.pg_hba).toEqual([theirs, ...rules]);
    expect(postgresql.parameters).toMatchObject({ work_mem: '4MB', lock_timeout: '9s' });
    await cluster.patch({ postgresql: { pg_hba: rules, parameters: { lock_timeout: null } } });
    await cluster.settled();
  }, 120_000);

  it('goes back to an earlier snapshot as a change of its own', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '16MB' }, hba: [{ remove: imageRule }] });
    const live = await target.capture();
    const restore = { snapshot: before.snapshot?.id ?? '', restart: 'forbidden' } as const;
    const part = await target.planRestore(
      live,
      before,
      { ...restore, only: ['setting:work_mem'] },
      { allowance: nothingAllowed },
    );
    if (part.kind === 'refused') throw new Error(JSON.stringify(part.problems));
    expect(part.plan.steps).toEqual([
      { do: 'declare', edits: [{ path: ['postgresql', 'parameters', 'work_mem'], from: '16MB', to: '4MB' }] },
    ]);
    const whole = await target.planRestore(live, before, restore, { allowance: nothingAllowed });
    if (whole.kind === 'refused') throw new Error(JSON.stringify(whole.problems));
    await target.apply(whole.plan, unfenced, silent);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
    expect((await cluster.config()).postgresql.pg_hba).toEqual(rules);
  }, 120_000);
});
