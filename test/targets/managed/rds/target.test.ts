/** A change of an RDS instance's parameter group, and its revert: moto serves the API, a real PostgreSQL is the instance. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RdsConfig } from '../../../../domain/config.ts';
import { createRdsOwner } from '../../../../targets/managed/rds/owner.ts';
import { managedDoctorChecks } from '../../../../targets/managed/doctor.ts';
import type { ManagedOptions } from '../../../../targets/managed/parts.ts';
import { createManagedTarget } from '../../../../targets/managed/target.ts';
import type { PlannedChange, Target } from '../../../../targets/target.ts';
import { type StandIn, credentials, instance, master, startRds } from '../../../support/rds.ts';
import { applied, nothingAllowed, reverted, silent, unfenced } from '../../postgres/server.ts';

const key = randomBytes(32);
Object.assign(process.env, credentials);

let rds: StandIn;
let target: Target;
const open: Target[] = [];

function optionsOf(bend: Partial<RdsConfig> = {}): ManagedOptions {
  return {
    owner: createRdsOwner({ ...rds.config, ...bend }),
    database: { connection: `postgresql://${master.user}@/postgres?sslmode=disable`, password: null },
    password: master.password,
    key,
  };
}

function targetOf(bend: Partial<RdsConfig> = {}): Target {
  const made = createManagedTarget(optionsOf(bend));
  open.push(made);
  return made;
}

type Settings = Readonly<Record<string, string | number | boolean | null>>;

async function refusals(
  of: Target,
  settings: Settings,
  restart: 'allowed' | 'forbidden' = 'allowed',
): Promise<readonly string[]> {
  const planned = await of.plan(await of.capture(), { kind: 'config', settings, restart }, nothingAllowed);
  return planned.kind === 'planned' ? [] : planned.problems.map(({ code, message }) => `${code}: ${message}`);
}

async function planned(settings: Settings): Promise<PlannedChange> {
  const answer = await target.plan(
    await target.capture(),
    { kind: 'config', settings, restart: 'allowed' },
    nothingAllowed,
  );
  if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems));
  return answer.plan;
}

beforeAll(async () => {
  rds = await startRds();
  target = targetOf();
}, 240_000);

afterAll(async () => {
  await Promise.all(open.map((one) => one.close()));
  await rds?.close();
});

afterEach(() => {
  rds.fault = () => null;
});

describe('an RDS instance', () => {
  it('is guardable by a master user who is no superuser, and its snapshot is the same twice', async () => {
    expect(await target.identify()).toEqual({ kind: 'guardable', version: expect.stringMatching(/^17\./) });
    const before = await target.capture();
    expect(before.dirty).toEqual([]);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  });

  it('is seen without what RDS keeps to itself', async () => {
    const { snapshot } = await target.capture();
    const { files, roles, catalogs, settings } = snapshot?.sections ?? {
      files: [],
      roles: [],
      catalogs: [],
      settings: [],
    };
    expect(files.map(({ path }) => path)).toEqual(['rds:shop/pg-shop/config', 'rds:shop/pg-shop/parameters']);
    expect(roles.find(({ name }) => name === 'image_svc')).toMatchObject({ login: true, verifier: 'unreadable' });
    expect(catalogs.find(({ database }) => database === 'shop')?.unread).toBeNull();
    expect(catalogs.find(({ database }) => database === 'rdsadmin')?.unread).toContain('may not connect');
    expect(settings.find(({ name }) => name === 'shared_buffers')).toMatchObject({
      value: '16384',
      source: 'configuration file',
    });
  });

  it('takes settings at once in the spelling of RDS, and gives them back', async () => {
    const before = await target.capture();
    const settings = { work_mem: '64MB', TimeZone: 'Europe/Berlin', autovacuum: false };
    await applied(target, before, { kind: 'config', settings });
    expect(await Promise.all(['work_mem', 'timezone', 'autovacuum'].map(rds.show))).toEqual([
      '64MB',
      'Europe/Berlin',
      'off',
    ]);
    expect(await Promise.all(['work_mem', 'timezone', 'autovacuum'].map(rds.declared))).toEqual([
      '65536',
      'Europe/Berlin',
      '0',
    ]);
    const report = await reverted(target, before, await target.capture(), { mayRestart: false });
    expect(report.remaining).toEqual([]);
    expect(report.items.map(({ key: item, action }) => `${item} ${action}`)).toEqual([
      'setting:autovacuum reset',
      'setting:timezone reset',
      'setting:work_mem reset',
    ]);
    expect(await Promise.all(['work_mem', 'autovacuum'].map(rds.show))).toEqual(['4MB', 'on']);
    expect(await rds.declared('work_mem')).toBeNull();
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  }, 60_000);

  it('is rebooted for what only a reboot applies, there and back', async () => {
    const before = await target.capture();
    const plan = await planned({ max_connections: 150 });
    expect(plan.summary).toMatchObject({
      effect: 'restart',
      warnings: expect.arrayContaining(['RDS applies max_connections with apply_method pending-reboot']),
    });
    expect(await target.apply(plan, unfenced, silent)).toMatchObject({ restarted: true });
    expect(await rds.show('max_connections')).toBe('150');
    const change = await target.capture();
    expect(change.dirty).toEqual([]);
    const held = await reverted(target, before, change, { mayRestart: false });
    expect(held.remaining).toMatchObject([{ code: 'needs-restart' }]);
    expect(await rds.show('max_connections')).toBe('150');
    const report = await reverted(target, before, change);
    expect(report).toMatchObject({ remaining: [], restarted: true });
    expect(await rds.show('max_connections')).toBe('100');
  }, 120_000);

  it('is rebooted by whoever goes on, though nobody has seen what the change did', async () => {
    const before = await target.capture();
    await target.apply(await planned({ max_connections: 150 }), unfenced, silent);
    for (const attempt of ['the first', 'one after it']) {
      const { remaining, proof } = await reverted(target, before, null, { mayRestart: false });
      expect({ attempt, remaining }).toMatchObject({ attempt, remaining: [{ code: 'needs-restart' }] });
      expect(proof.join()).not.toContain('members');
    }
    expect(await reverted(target, before, null)).toMatchObject({ remaining: [], restarted: true });
    expect(await rds.show('max_connections')).toBe('100');
  }, 120_000);

  it('keeps what somebody else has set meanwhile, and puts a formula back as it was', async () => {
    await rds.set({ shared_buffers: '{DBInstanceClassMemory/65536}' });
    await target.capture().then(({ dirty }) => expect(dirty.map(({ code }) => code)).toContain('pending-restart'));
    const plain = targetOf();
    await createRdsOwner(rds.config).restart({ name: instance } as never);
    expect(await rds.show('shared_buffers')).toBe('64MB');
    const before = await plain.capture();
    await applied(plain, before, {
      kind: 'config',
      settings: { shared_buffers: '32MB', work_mem: '8MB' },
      restart: 'allowed',
    });
    expect(await rds.show('shared_buffers')).toBe('32MB');
    const change = await plain.capture();
    await rds.set({ statement_timeout: '7000', work_mem: '16384' });
    const report = await reverted(plain, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual(['parameters.work_mem: somebody else changed it since: the old value wins']);
    expect(await rds.declared('shared_buffers')).toBe('{DBInstanceClassMemory/65536}');
    expect(await Promise.all(['shared_buffers', 'statement_timeout', 'work_mem'].map(rds.show))).toEqual([
      '64MB',
      '7s',
      '4MB',
    ]);
    await rds.set({ statement_timeout: null, shared_buffers: null });
    await createRdsOwner(rds.config).restart({ name: instance } as never);
  }, 120_000);

  it('is written to in requests of twenty parameters', async () => {
    const rows = await rds.query<{ name: string; next: string }>(
      `select name, (setting::bigint + 1)::text as next from pg_settings
       where vartype = 'integer' and context = 'user' and unit is null and setting::bigint between 1 and max_val::bigint - 1
         and name not like '%debug%' and name not in ('extra_float_digits', 'effective_io_concurrency') order by name limit 23`,
    );
    expect(rows.length).toBeGreaterThan(20);
    const before = await target.capture();
    rds.calls.length = 0;
    await applied(target, before, {
      kind: 'config',
      settings: Object.fromEntries(rows.map(({ name, next }) => [name, Number(next)])),
    });
    const sizes = (action: string): readonly number[] =>
      rds.calls
        .filter((call) => call.action === action)
        .map(({ fields }) => [...fields.keys()].filter((name) => name.endsWith('.ParameterName')).length);
    expect(sizes('ModifyDBParameterGroup')).toEqual([20, rows.length - 20]);
    const report = await reverted(target, before, await target.capture());
    expect(report.remaining).toEqual([]);
    expect(sizes('ResetDBParameterGroup')).toEqual([20, rows.length - 20]);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  }, 60_000);

  it('goes back to an earlier snapshot as a change of its own', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '12MB', lock_timeout: '9s' } });
    const restore = { snapshot: before.snapshot?.id ?? '', restart: 'forbidden' } as const;
    const back = await target.planRestore(await target.capture(), before, restore, { allowance: nothingAllowed });
    if (back.kind === 'refused') throw new Error(JSON.stringify(back.problems));
    await target.apply(back.plan, unfenced, silent);
    expect(await Promise.all(['work_mem', 'lock_timeout'].map(rds.declared))).toEqual([null, null]);
    expect((await target.capture()).snapshot?.id).toBe(before.snapshot?.id);
  }, 60_000);

  it('takes back one change, and leaves what others have set since', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '12MB', lock_timeout: '9s' } });
    const change = await target.capture();
    await rds.set({ lock_timeout: '7000', statement_timeout: '5000' });
    const restore = { snapshot: before.snapshot?.id ?? '', restart: 'forbidden' } as const;
    const live = await target.capture();
    const back = await target.planRestore(live, before, restore, { allowance: nothingAllowed, change });
    if (back.kind === 'refused') throw new Error(JSON.stringify(back.problems));
    await target.apply(back.plan, unfenced, silent);
    const names = ['work_mem', 'lock_timeout', 'statement_timeout'];
    expect(await Promise.all(names.map(rds.declared))).toEqual([null, null, '5000']);
    const stranger = { ...change, facts: { ...change.facts, systemIdentifier: '1' } };
    const refused = await target.planRestore(live, before, restore, { allowance: nothingAllowed, change: stranger });
    expect(refused).toMatchObject({ kind: 'refused', problems: [{ code: 'other-server' }] });
    await rds.set({ statement_timeout: null });
  }, 60_000);

  it('gives back by SQL what its master user may', async () => {
    const before = await target.capture();
    const sql = [
      { database: 'shop', statement: 'grant create on schema public to image_svc' },
      { database: 'shop', statement: 'alter role image_svc connection limit 3' },
    ];
    await applied(target, before, { kind: 'config', sql }, { ...nothingAllowed, sql: true });
    const limit = 'select rolconnlimit as value from pg_roles where rolname = $$image_svc$$';
    const may = `select has_schema_privilege('image_svc', 'public', 'create') as value`;
    expect([await rds.query(limit), await rds.query(may, undefined, 'shop')]).toEqual([
      [{ value: 3 }],
      [{ value: true }],
    ]);
    const report = await reverted(target, before, await target.capture());
    expect(report.remaining).toEqual([]);
    expect([await rds.query(limit), await rds.query(may, undefined, 'shop')]).toEqual([
      [{ value: -1 }],
      [{ value: false }],
    ]);
  });
});

describe('what RDS would refuse, or would do to others', () => {
  it('is refused before anything is written, with every reason', async () => {
    rds.calls.length = 0;
    expect(
      await refusals(target, {
        work_mem: '64kB',
        port: 5433,
        cluster_name: 'a',
        shared_preload_libraries: 'timescaledb',
      }),
    ).toEqual(
      expect.arrayContaining([
        'setting-not-declarable: setting "port" cannot be changed through an RDS parameter group',
        'setting-not-declarable: setting "cluster_name" cannot be changed through an RDS parameter group',
        'bad-value: invalid value for setting "shared_preload_libraries": timescaledb',
      ]),
    );
    expect(await refusals(target, { work_mem: 63 })).toEqual(['bad-value: invalid value for setting "work_mem": 63']);
    expect(await refusals(target, { timezone: 'Asia/Tokyo' })).toEqual([
      'bad-value: invalid value for setting "timezone": Asia/Tokyo',
    ]);
    expect(await refusals(target, { max_connections: 150 }, 'forbidden')).toHaveLength(1);
    expect(rds.calls.filter(({ action }) => /Modify|Reset|Reboot/.test(action))).toEqual([]);
  });

  it('says that pg_hba.conf and files are out of reach', async () => {
    const before = await target.capture();
    const answer = await target.plan(
      before,
      { kind: 'config', hba: [{ add: 'host all all 10.0.0.0/8 reject' }], files: { 'a.conf': 'work_mem = 1MB' } },
      nothingAllowed,
    );
    const codes = answer.kind === 'refused' ? answer.problems.map(({ code }) => code) : [];
    expect(codes).toEqual(expect.arrayContaining(['hba-managed', 'files-managed']));
  });

  it('refuses the default group of a family, and tells what to do', async () => {
    await rds.addInstance('plain', 'default.postgres17');
    const plain = targetOf({ instance: 'plain' });
    const answer = await plain.plan(
      await plain.capture(),
      { kind: 'config', settings: { work_mem: '8MB' } },
      nothingAllowed,
    );
    expect(answer).toMatchObject({
      kind: 'refused',
      problems: expect.arrayContaining([
        expect.objectContaining({
          code: 'default-group',
          message: 'instance "plain" uses the parameter group "default.postgres17", which cannot be modified',
          hint: expect.stringContaining('aws rds create-db-parameter-group'),
        }),
      ]),
    });
    const checks = await managedDoctorChecks(optionsOf({ instance: 'plain' }));
    expect(checks.find(({ problem }) => problem?.code === 'default-group')).toBeDefined();
    await rds.removeInstance('plain');
  });

  it('a role with pg_monitor guards it, and the doctor has the statements for what that cannot put back', async () => {
    await rds.query(`create role watcher login password 'w'`);
    const options = {
      database: { connection: 'postgresql://watcher@/postgres?sslmode=disable', password: null },
      password: 'w',
    };
    const refused = await managedDoctorChecks({ ...optionsOf(), ...options });
    expect(refused.find(({ problem }) => problem?.code === 'insufficient-privilege')?.sql).toEqual([
      'grant pg_read_all_settings to watcher',
    ]);
    await rds.query('grant pg_monitor to watcher');
    const checks = await managedDoctorChecks({ ...optionsOf(), ...options });
    expect(checks.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^PostgreSQL 17.* can be guarded$/));
    const left = checks.filter(({ problem }) => problem?.code === 'not-restorable');
    expect(left.flatMap(({ sql = [] }) => sql)).toContainEqual(expect.stringMatching(/^grant image_svc to watcher/));
    for (const { problem } of left) expect(problem?.hint).toMatch('See "knowngood doctor --json"');
    const agent = createManagedTarget({ ...optionsOf(), ...options });
    open.push(agent);
    const before = await agent.capture();
    await applied(agent, before, { kind: 'config', settings: { work_mem: '8MB' } });
    expect((await reverted(agent, before, await agent.capture())).remaining).toEqual([]);
    await rds.query('revoke pg_monitor from watcher');
    await rds.query('drop role watcher');
  }, 60_000);

  it('names who shares the group, and goes on where that is allowed', async () => {
    await rds.addInstance('reports', 'pg-shop');
    expect(await refusals(target, { work_mem: '8MB' })).toEqual([
      'shared-group: parameter group "pg-shop" is also used by "reports"',
    ]);
    expect(await refusals(targetOf({ sharedWith: ['reports'] }), { work_mem: '8MB' })).toEqual([]);
    await rds.removeInstance('reports');
  });

  it('names an instance that is not there, or is of another engine', async () => {
    const nobody = createRdsOwner({ ...rds.config, instance: 'nobody' });
    await expect(nobody.read()).rejects.toMatchObject({ problem: { code: 'no-such-instance' } });
    await rds.addInstance('wiki', 'default.mysql8.0', 'mysql');
    expect(await targetOf({ instance: 'wiki' }).identify()).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'not-an-instance', detail: 'Its engine is mysql.' }],
    });
    await rds.removeInstance('wiki');
  });
});

describe('the way to RDS', () => {
  it('is asked again when it throttles, or fails once', async () => {
    let left = 2;
    rds.fault = (action) => (/Describe/.test(action) && left-- > 0 ? 'throttled' : null);
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
    left = 2;
    rds.fault = (action) => (/Describe/.test(action) && left-- > 0 ? 'broken' : null);
    expect(await target.identify()).toMatchObject({ kind: 'guardable' });
  }, 60_000);

  it('says which permission is missing', async () => {
    rds.fault = (action) => (action === 'DescribeDBParameters' ? 'denied' : null);
    expect(await target.identify()).toMatchObject({
      kind: 'refused',
      problems: [
        { code: 'owner-refused', hint: "Allow rds:DescribeDBParameters in the IAM policy of the agent's role." },
      ],
    });
  });

  it('may lose an answer: what was written is found, and the revert takes all of it back', async () => {
    const before = await target.capture();
    const plan = await planned({ work_mem: '32MB' });
    // The SDK asks again on its own; every answer is lost.
    rds.fault = (action) => (action === 'ModifyDBParameterGroup' ? 'lost' : null);
    await expect(target.apply(plan, unfenced, silent)).rejects.toMatchObject({
      problem: { code: 'owner-unreachable' },
    });
    rds.fault = () => null;
    await rds.settled();
    expect(await rds.show('work_mem')).toBe('32MB');
    const report = await reverted(target, before, null);
    expect(report.remaining).toEqual([]);
    expect(await rds.show('work_mem')).toBe('4MB');
  }, 60_000);

  it('is down: that is said, and the same revert goes through once it is back', async () => {
    const before = await target.capture();
    await applied(target, before, { kind: 'config', settings: { work_mem: '48MB' } });
    const change = await target.capture();
    await rds.stopMoto();
    expect(await target.waysBack(before)).toMatchObject([{ way: 'owner', open: false }]);
    await expect(reverted(target, before, change)).rejects.toMatchObject({
      failure: 'TargetUnreachable',
      problem: { code: 'owner-unreachable', hint: expect.stringContaining('rds.endpoint') },
    });
    expect((await managedDoctorChecks(optionsOf()))[0]).toMatchObject({
      ok: false,
      problem: { code: 'owner-unreachable' },
    });
    expect(await rds.show('work_mem')).toBe('48MB');
    await rds.startMoto();
    expect(await reverted(target, before, change)).toMatchObject({ remaining: [] });
    expect(await rds.show('work_mem')).toBe('4MB');
  }, 120_000);
});
