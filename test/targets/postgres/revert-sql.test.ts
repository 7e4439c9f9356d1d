/**
 * What SQL takes back on real servers: three-way, whole or cut off, with locks, refusals and lock-outs. Each single kind of
 * item is in test/mutations.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { Captured, RevertReport } from '../../../targets/target.ts';
import { differences } from '../../mutations/oracles.ts';
import { type Step, remove, replace, write } from '../../mutations/mutation.ts';
import { type ProvingGround, createProvingGround } from '../../mutations/proving-ground.ts';
import { silent, targetOf, unfenced } from './server.ts';

const majors = process.env['KNOWNGOOD_TEST_FULL'] === '1' ? ([14, 15, 16, 17, 18] as const) : ([17] as const);

describe.each(majors)('PostgreSQL %i', (major) => {
  let ground: ProvingGround;
  let before: Captured;
  let facts: readonly string[];

  beforeAll(async () => {
    ground = await createProvingGround(major);
  }, 120_000);
  beforeEach(async () => {
    before = await ground.target.capture();
    facts = await ground.facts();
  });
  /** Most tests leave everything as they found it; the others get a new server. */
  afterEach(async () => {
    if ((await left()).length > 0) await ground.reset();
  });
  afterAll(() => ground?.close());

  /** In `shop`, as the superuser. */
  const sql = (...steps: string[]): Promise<void> => ground.perform({ steps });
  const left = async (): Promise<readonly string[]> => differences(facts, await ground.facts());
  const changed = async (...steps: string[]): Promise<Captured> => {
    await sql(...steps);
    return ground.target.capture();
  };
  const decisions = ({ items }: RevertReport): readonly string[] =>
    items.map(({ key, decision }) => `${key} ${decision}`);

  it('takes a migration back that touches a bit of everything', async () => {
    const change = await changed(
      'alter role app_rw nologin connection limit 0',
      "alter role app_ro set search_path = ''",
      'revoke readers from app_ro',
      'alter database shop connection limit 1',
      'alter table app.orders owner to dba',
      'revoke all on all tables in schema app from public, app_rw, app_ro, readers cascade',
      'alter table app.orders disable row level security',
      'drop policy own_rows on app.orders',
      'alter default privileges for role shop_owner in schema app revoke select on tables from readers',
      'alter function public.soundex(text) owner to app_rw',
      'grant execute on function pg_catalog.pg_reload_conf() to app_ro',
      'create type app.later as range (subtype = bigint)',
      'drop role spare',
      'create role backdoor login superuser',
    );
    const preview = await ground.target.planRevert(before, change);
    expect(preview.find(({ key }) => key === 'role:app_rw')).toMatchObject({
      decision: 'restore',
      summary: 'alter role app_rw login connection limit -1;',
      effect: 'reconnect',
    });
    const report = await ground.revert(before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    expect(report.proof).toContainEqual(
      expect.stringMatching(/^roles, grants and policies: \d+ of \d+ put back, read anew$/),
    );
    expect((await left()).filter((line) => !/backdoor|app\._?later|dump: {5}subtype = bigint/.test(line))).toEqual([]);
    expect(report.items.find(({ key }) => key === 'role:backdoor')?.note).toMatch(
      /cannot log in; put back, and read anew$/,
    );
  });

  it('leaves alone what somebody else did since, down to the single grant', async () => {
    const change = await changed('revoke all on app.orders from app_rw', 'alter role app_rw connection limit 0');
    await sql(
      'grant insert on app.orders to plain',
      'revoke select on app.v_orders from app_rw',
      "alter role app_rw set application_name = 'theirs'",
      'alter role app_rw createdb',
      'grant readers to plain',
    );
    const theirs = await left();
    const report = await ground.revert(before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    const kept = await left();
    expect(kept.filter((line) => !theirs.includes(line) && !line.includes('app_rw'))).toEqual([]);
    expect(kept.join('\n')).toMatch(/plain/);
    expect(decisions(await ground.revert(before, change)).filter((line) => / (restore|conflict)/.test(line))).toEqual(
      [],
    );
    expect(await left()).toEqual(kept);
  });

  it('names what both changed, and lets the old access win', async () => {
    const change = await changed('alter role app_rw connection limit 0', 'alter table app.orders owner to dba');
    await sql('alter role app_rw connection limit 7', 'alter table app.orders owner to lead');
    const report = await ground.revert(before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([
      'role app_rw: somebody else made it connection limit 7 since',
      'table app.orders in database shop: somebody else gave it to lead since: goes back to shop_owner',
    ]);
    expect(await left()).toEqual([]);
  });

  it('never rolls a password back that somebody else has rotated', async () => {
    const change = await changed("alter role app_rw nologin password 'of the change'");
    await sql("alter role app_rw password 'rotated'");
    const report = await ground.revert(before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual(['role app_rw: somebody else changed its password since: it stays']);
    const client = new pg.Client({ connectionString: ground.cluster.url('postgres', 'shop') });
    await client.connect();
    const { rows } = await client.query(`select rolpassword, rolcanlogin from pg_authid where rolname = 'app_rw'`);
    await client.end();
    expect(rows[0]?.rolcanlogin).toBe(true);
    expect([before, change].map(({ secrets }) => Object.values(secrets ?? {}).includes(rows[0]?.rolpassword))).toEqual([
      false,
      false,
    ]);
    expect(JSON.stringify({ ...report, after: null })).not.toMatch(/SCRAM-SHA-256/);
  });

  it('writes no verifier into the log of a server that logs every statement', async () => {
    await ground.perform({
      steps: ["alter system set log_statement = 'all'", 'alter system set log_min_duration_statement = 0'],
      needs: 'reload',
    });
    const logged = await ground.target.capture();
    const change = await changed("alter role app_rw password 'of the change'");
    expect((await ground.revert(logged, change)).remaining).toEqual([]);
    const log = await readFile(ground.cluster.logFile, 'utf8');
    expect(log).toContain('alter role app_rw password');
    for (const verifier of Object.values({ ...logged.secrets, ...change.secrets }))
      expect(log.includes(verifier)).toBe(false);
  });

  /** Changes, reverts until the fence was asked `closesAfter` times, reverts again; how often it was asked. */
  const cutOff = async (steps: readonly Step[], needs: 'reload' | 'restart', closesAfter: number): Promise<number> => {
    await ground.perform({ steps, needs });
    const change = await ground.target.capture();
    let asked = 0;
    const fence = (): void => {
      asked += 1;
      if (asked > closesAfter) throw new Error('killed');
    };
    const changeId = `cut-${major}-${needs}-${closesAfter}`;
    const input = { changeId, before, change, mayRestart: true, witnesses: [], say: silent };
    await ground.target.revert({ ...input, fence }).catch((error: unknown) => expect(error).toMatchObject(killed));
    expect((await ground.target.revert({ ...input, fence: unfenced })).remaining).toEqual([]);
    expect(await left()).toEqual([]);
    return asked;
  };
  const killed = { message: 'killed' };
  const never = 1_000;

  it('ends the same when it is cut off before any of its writes and run again', async () => {
    const steps: Step[] = [
      'alter role app_rw nologin',
      'revoke all on app.orders from app_rw',
      'drop policy own_rows on app.orders',
      { sql: 'revoke all on ledger from app_ro', in: 'Odd "Db' },
      "alter system set work_mem = '64MB'",
      replace('pg_hba.conf', /^host\s+shop\s+app_rw.*\n/m, ''),
      write('conf.d/99-late.conf', 'geqo = off\n'),
      remove('conf.d/10-base.conf'),
    ];
    const writes = await cutOff(steps, 'reload', never);
    expect(writes).toBeGreaterThan(8);
    for (let cut = 0; cut < writes; cut += 1) await cutOff(steps, 'reload', cut);
  }, 60_000);

  it('ends the same when it is cut off around its restart and run again', async () => {
    const steps = ['alter role app_rw nologin', 'alter system set max_connections = 120'];
    const writes = await cutOff(steps, 'restart', never);
    for (let cut = writes - 2; cut < writes; cut += 1) await cutOff(steps, 'restart', cut);
  }, 60_000);

  it('waits for no lock for long, puts everything else back, and goes on once it is free', async () => {
    const change = await changed(
      'alter table app.orders disable row level security',
      'revoke select on app.items from public',
    );
    const holder = new pg.Client({ connectionString: ground.cluster.url('postgres', 'shop') });
    await holder.connect();
    await holder.query('begin; lock table app.orders in access share mode');
    const report = await ground.revert(before, change);
    expect(report.remaining).toMatchObject([
      { code: 'locked', message: 'the server refused: alter table app.orders enable row level security' },
    ]);
    // As the snapshot has it; pg_dump, which is asked in a full run, says it in words of its own.
    expect((await left()).filter((line) => !/^. dump: /.test(line))).toHaveLength(2);
    await holder.query('rollback');
    await holder.end();
    expect((await ground.revert(before, change)).remaining).toEqual([]);
    expect(await left()).toEqual([]);
  }, 60_000);

  it('says what is gone for good, and puts the rest back', async () => {
    const change = await changed(
      'revoke all on app.orders from app_rw',
      'revoke all on app.items from public',
      'drop table app.plain_table',
    );
    await sql('drop table app.items');
    const report = await ground.revert(before, change);
    expect(report.remaining).toMatchObject([
      { code: 'object-gone', message: 'table app.items in database shop is gone' },
    ]);
    expect(report.items.find(({ key }) => key === 'object:shop:table:app.plain_table')).toMatchObject({
      decision: 'not-revertible',
      note: 'dropped by the change: only a backup or a migration has it',
    });
    expect((await left()).filter((line) => line.includes('app.orders'))).toEqual([]);
  });

  it('lets go what went with the extension or the table that made it', async () => {
    await sql(
      'grant execute on function public.soundex(text) to app_ro',
      'grant usage on type app.plain_table to app_ro',
    );
    const granted = await ground.target.capture();
    const change = await changed(
      'drop extension fuzzystrmatch',
      'drop table app.plain_table',
      'revoke usage on type app.orders from public',
      'alter role app_rw nologin',
    );
    const report = await ground.revert(granted, change);
    expect(report.remaining).toEqual([]);
    expect(decisions(report)).toEqual(
      expect.arrayContaining([
        'role:app_rw restore',
        'object:shop:type:app.orders restore',
        'object:shop:type:app.plain_table not-revertible',
        'object:shop:routine:public.soundex(text) not-revertible',
        'extension:shop:fuzzystrmatch not-revertible',
      ]),
    );
    expect((await left()).filter((line) => /app_rw|type app\.orders/.test(line))).toEqual([]);
  });

  it('knows a policy again that the server says in other words once it is made anew', async () => {
    await sql(
      'create table app.labels (label varchar(9), rank numeric)',
      "create policy listed on app.labels using (label in ('a', 'b')) with check (rank in (1, -2))",
      'create policy ranged on app.labels for select using (rank between 1 and 5 and not rank between 2 and 3)',
    );
    const made = await ground.target.capture();
    const change = await changed('drop policy listed on app.labels', 'drop policy ranged on app.labels');
    const report = await ground.revert(made, change);
    expect([report.remaining, report.conflicts]).toEqual([[], []]);
    expect(report.after?.snapshot?.hashes).toEqual(made.snapshot?.hashes);
    const transaction = await ground.nextTransaction();
    expect(decisions(await ground.revert(made, change))).toEqual([
      'policy:shop:app.labels:listed nothing',
      'policy:shop:app.labels:ranged nothing',
    ]);
    expect(await ground.nextTransaction()).toBe(transaction);
  });

  it.each([
    ['may not log in', 'alter role postgres nologin'],
    ['has expired', "alter role postgres valid until '2001-01-01'"],
    ['is not let into its database', 'update pg_database set datallowconn = false where datname = current_database()'],
  ])('uses the connection that is open already when its own role %s', async (_, step) => {
    await ground.perform({
      steps: [
        { sql: `revoke select on app.items from public`, in: 'shop' },
        { sql: step, in: 'postgres' },
      ],
    });
    const report = await ground.revert(before, null);
    expect(report.remaining).toEqual([]);
    expect(report.after?.snapshot).not.toBeNull();
    expect(await left()).toEqual([]);
  });

  it('is not bent by what the change set for its own role', async () => {
    const change = await changed(
      'alter role postgres set default_transaction_read_only = on',
      'alter role postgres set search_path = app',
      "alter role postgres set lock_timeout = '1ms'",
      'alter role postgres set standard_conforming_strings = off',
      "alter role app_rw set my.back = E'a\\\\b''c'",
      'revoke all on app.orders from app_rw',
    ).catch(() => null);
    expect((await ground.revert(before, change)).remaining).toEqual([]);
    expect(await left()).toEqual([]);
  });

  it('names the statement and the grant that it lacks when its role may not', async () => {
    await sql(
      "create role agent login password 'agent'",
      'grant pg_monitor, pg_read_server_files to agent',
      'grant select on pg_authid to agent',
    );
    await ground.perform({
      steps: [
        {
          in: 'postgres',
          sql: `grant select on pg_authid, pg_file_settings, pg_hba_file_rules to agent;
                grant execute on function pg_show_all_file_settings(), pg_hba_file_rules(), pg_reload_conf() to agent`,
        },
        { edit: 'pg_hba.conf', by: (text) => `host all agent 127.0.0.1/32 scram-sha-256\n${text}` },
      ],
      needs: 'reload',
    });
    const agent = targetOf(ground.cluster, {
      database: { connection: `postgresql://agent@127.0.0.1:${ground.cluster.port}/postgres`, password: null },
      password: 'agent',
    });
    try {
      const was = await agent.capture();
      await sql('revoke select on app.orders from app_rw', 'alter role app_rw nologin');
      const change = await agent.capture();
      const input = {
        changeId: 'poor',
        before: was,
        change,
        mayRestart: false,
        witnesses: [],
        fence: unfenced,
        say: silent,
      };
      const report = await agent.revert(input);
      expect(report.remaining).toMatchObject([
        {
          code: 'insufficient-privilege',
          message: 'the server refused: alter role app_rw login',
          hint: expect.stringContaining('grant app_rw to agent with admin option'),
        },
        {
          code: 'insufficient-privilege',
          message: 'the server refused: grant select on table app.orders to app_rw',
          hint: expect.stringContaining('grant shop_owner to agent'),
        },
      ]);
      await sql('grant shop_owner to agent', 'alter role agent superuser');
      expect((await agent.revert(input)).remaining).toEqual([]);
    } finally {
      await agent.close();
    }
  });

  it('writes no SQL to a server that is another one by now', async () => {
    const change = await changed('revoke select on app.items from public');
    const elsewhere: Captured = { ...before, facts: { ...before.facts, timeline: 7 } };
    await ground.target
      .revert({
        changeId: 'x',
        before: elsewhere,
        change,
        mayRestart: true,
        witnesses: [],
        fence: unfenced,
        say: silent,
      })
      .then(
        (report) =>
          expect(report.remaining.map(({ message }) => message).join()).toMatch(/not what it was|other|history/),
        (error: Error) => expect(error.message).toMatch(/server|history/),
      );
    expect(await left()).not.toEqual([]);
  });
});
