/** Odd names, closed and broken databases, leftovers of dropped roles: all of it is read, twice alike, and put back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { diffSnapshots } from '../../../domain/snapshot/diff.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, reverted, targetOf } from './server.ts';

const odd = ['Public', 'a=b/c', 'a"b', "a'b\\c", 'a, {b}', 'a\nb', '日本"😀', '16384', 'null'];
const oddDatabases = ['a=b/c', '日本"😀'];
const q = (name: string): string => pg.escapeIdentifier(name);

describe.each([14, 18] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  let before: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major });
    target = targetOf(cluster);
    await sql(...odd.map((name) => `create role ${q(name)} login; create role ${q(`of ${name}`)}`));
    await sql(...odd.map(make));
    for (const name of oddDatabases) {
      await sql(`create database ${q(name)}`);
      await sql(
        `grant connect on database ${q(name)} to ${q(name)}; alter role ${q(name)} in database ${q(name)} set work_mem to '5MB'`,
      );
    }
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  async function sql(...scripts: readonly string[]): Promise<void> {
    return inDatabase('postgres', ...scripts);
  }

  async function inDatabase(database: string, ...scripts: readonly string[]): Promise<void> {
    const client = new pg.Client(cluster.url('postgres', database, cluster.password));
    await client.connect();
    try {
      for (const script of scripts) await client.query(script);
    } finally {
      await client.end();
    }
  }

  const make = (name: string): string => {
    const [n, of, t, d] = [q(name), q(`of ${name}`), q(`${name} t`), q(`${name} d`)];
    return `create schema ${n};
      create table ${n}.${n} (${n} int, i int) partition by range (i);
      create table ${n}.${t} partition of ${n}.${n} for values from (0) to (1);
      create function ${n}.${n}(${n} int, t text) returns int language sql as 'select 1';
      create domain ${n}.${d} as int;
      create foreign data wrapper ${n}; create server ${n} foreign data wrapper ${n};
      create user mapping for ${n} server ${n} options (password 'x');
      grant usage on schema ${n} to ${n};
      grant select on ${n}.${n} to ${n} with grant option;
      grant update (${n}) on ${n}.${n} to ${n};
      grant execute on function ${n}.${n} to ${n};
      revoke execute on function ${n}.${n} from public;
      grant usage on type ${n}.${d} to ${n};
      grant usage on foreign server ${n} to ${n};
      alter table ${n}.${t} enable row level security;
      create policy ${n} on ${n}.${t} to ${n}, current_user using (${n} = 1 and ${n}.${n}(1, 'x') = 1);
      alter default privileges for role ${n} in schema ${n} grant select on tables to ${of};
      grant ${of} to ${n};
      set role ${n}; grant select on ${n}.${n} to ${of}; reset role`;
  };

  const harm = (name: string): string => {
    const [n, of, t, d] = [q(name), q(`of ${name}`), q(`${name} t`), q(`${name} d`)];
    return `revoke usage on schema ${n} from ${n};
      revoke all on ${n}.${n} from ${n} cascade;
      grant execute on function ${n}.${n} to public;
      revoke execute on function ${n}.${n} from ${n};
      revoke usage on type ${n}.${d} from ${n};
      revoke usage on foreign server ${n} from ${n};
      alter table ${n}.${t} disable row level security;
      drop policy ${n} on ${n}.${t};
      alter default privileges for role ${n} in schema ${n} revoke all on tables from ${of};
      revoke ${of} from ${n};
      alter role ${n} nologin`;
  };

  async function taken(): Promise<Snapshot> {
    const { snapshot } = await target.capture();
    if (snapshot === null) throw new Error('the server did not answer');
    return snapshot;
  }

  const told = async (): Promise<readonly string[]> =>
    diffSnapshots(before.snapshot as Snapshot, await taken()).map(({ summary }) => summary);

  const unread = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      (await taken()).sections.catalogs.flatMap(({ database, unread: why }) =>
        why === null || database === 'template0' ? [] : [[database, why]],
      ),
    );

  const dirty = async (): Promise<readonly string[]> => (await target.capture()).dirty.map(({ message }) => message);

  it('is the same after upkeep, and while others use what is temporary', async () => {
    expect(before.dirty).toEqual([]);
    await sql('vacuum', 'analyze', 'vacuum full pg_catalog.pg_class', 'select pg_switch_wal()', 'checkpoint');
    await cluster.restart();
    const client = new pg.Client(cluster.url('postgres', 'postgres', cluster.password));
    await client.connect();
    try {
      await client.query(`create temp table t (i int); grant select on t to public; create temp sequence s;
        alter table t enable row level security; create policy p on t; create type pg_temp.x as (i int);
        create function pg_temp.f() returns int language sql as 'select 1'; grant usage on type pg_temp.x to "Public"`);
      expect(await told()).toEqual([]);
      expect((await taken()).id).toBe(before.snapshot?.id);
    } finally {
      await client.end();
    }
  });

  it('puts back what has odd names', async () => {
    await sql(...odd.map(harm));
    for (const name of oddDatabases)
      await sql(
        `revoke connect on database ${q(name)} from public, ${q(name)}; alter database ${q(name)} connection limit 3;
        alter role ${q(name)} in database ${q(name)} reset all`,
      );
    const change = await target.capture();
    const report = await reverted(target, before, change);
    expect([report.remaining, report.conflicts]).toEqual([[], []]);
    expect(await told()).toEqual([]);
  });

  it('names a database that is closed, and reads the others', async () => {
    await sql('create database shut allow_connections false', 'create database far');
    await edit(cluster, 'pg_hba.conf', (text) => `local far all reject\nhost far all all reject\n${text}`);
    await sql('select pg_reload_conf()');
    expect(await unread()).toEqual({
      shut: 'it allows no connections',
      far: 'the server lets role "postgres" in to other databases only: add a rule for far to pg_hba.conf',
    });
    expect(await dirty()).toEqual(['the privileges in database "far" could not be read']);
    await sql('drop database far', 'drop database shut');
  });

  it('reads the others when dropping a database was cut off', async () => {
    await sql('create database "half gone"', `update pg_database set datconnlimit = -2 where datname = 'half gone'`);
    expect(await unread()).toEqual({
      'half gone': 'it is invalid, for dropping it was cut off: drop database "half gone"',
    });
    expect(await dirty()).toEqual([]);
    await sql('drop database "half gone"');
  });

  if (major >= 17)
    it('reads the others when a login trigger turns everybody away', async () => {
      await sql('create database picky');
      await inDatabase(
        'picky',
        `create function f() returns event_trigger language plpgsql as $$begin raise exception 'not now'; end$$;
       create event trigger e on login execute function f()`,
      );
      expect(await unread()).toEqual({
        picky: 'it turns role postgres away, perhaps by an event trigger on login: not now',
      });
      expect(await dirty()).toEqual(['the privileges in database "picky" could not be read']);
      await sql('drop database picky');
    });

  it('works around what dropped roles have left behind', async () => {
    await sql(
      `create role gone superuser; create role r; create role m; create role keep; create table t (i int);
      grant select (i) on t to gone; grant select on t to keep, gone;
      alter default privileges for role keep grant select on tables to gone;
      set allow_system_table_mods = on`,
      major < 16 ? 'set role gone; grant r to m; reset role' : 'grant r to m',
      `delete from pg_authid where rolname = 'gone'`,
    );
    const was = await target.capture();
    expect(was.dirty).toEqual([]);
    await sql(`revoke select on t from keep; grant insert on t to m; revoke r from m;
      alter default privileges for role keep grant insert on tables to r`);
    const report = await reverted(target, was, await target.capture());
    expect([report.remaining, report.conflicts]).toEqual([[], []]);
    expect((await taken()).id).toBe(was.snapshot?.id);
  });
});
