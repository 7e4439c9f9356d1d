/** Every kind of statement that a change may hold is applied and taken back, and leaves the snapshot what it was. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ownedKinds } from '../../../domain/sql/refusals.ts';
import { parseSql } from '../../../targets/postgres/sql-parser.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { nothingAllowed, reverted, silent, targetOf, unfenced } from './server.ts';

const statements: readonly string[] = [
  'grant select (id) on images to image_svc with grant option',
  'grant usage on schema public to owner_a',
  'revoke all on all tables in schema public from image_svc',
  'revoke execute on function f(int) from public',
  'grant select on large object 4711 to image_svc',
  'alter default privileges in schema public grant select on tables to image_svc',
  'alter table images owner to owner_a',
  'alter view pictures owner to owner_a',
  'alter function f(int) owner to owner_a',
  'alter type kind owner to owner_a',
  'alter schema app owner to owner_a',
  'alter large object 4711 owner to owner_a',
  'alter table images disable row level security, force row level security',
  'create policy fresh on images as restrictive for update to image_svc using (id > 0) with check (id > 1)',
  'alter policy p on images to public using (true)',
  'alter policy p on images rename to q',
  'drop policy p on images',
  'alter role image_svc nologin connection limit 3 createdb',
  "alter role image_svc in database shop set work_mem = '8MB'",
  'alter role image_svc reset all',
  "alter role all set statement_timeout = '9s'",
  'alter database shop set search_path = app, public',
  'alter group owner_a add user image_svc',
  'grant owner_a to image_svc with admin option',
  'revoke reader from image_svc',
  'alter database shop connection limit 5',
  'alter database shop allow_connections true is_template true',
  'alter database shop owner to owner_a',
  'revoke connect on database shop from public',
  'grant create on tablespace pg_default to image_svc',
  ...[
    'aggregate total(int)',
    'domain small',
    'foreign table far',
    'foreign data wrapper dummy',
    'language plpgsql',
    'materialized view album',
    'procedure go()',
    'routine f(int)',
    'sequence counter',
    'server elsewhere',
    'tablespace pg_default',
  ].map((what) => `alter ${what} owner to boss`),
  ...[
    'all functions in schema public',
    'all procedures in schema public',
    'all routines in schema public',
    'all sequences in schema public',
    'domain small',
    'foreign data wrapper dummy',
    'foreign server elsewhere',
    'language plpgsql',
    'procedure go()',
    'routine f(int)',
    'schema app',
    'sequence counter',
    'type kind',
    'type images',
  ].map((what) => `grant all on ${what} to image_svc with grant option`),
  'alter table images force row level security',
  'alter table images owner to owner_a, no force row level security, enable row level security, force row level security',
];
const since15 = [
  'grant set on parameter work_mem to image_svc',
  'grant alter system on parameter work_mem to image_svc',
];

it('holds every kind of thing whose owner a change may replace', async () => {
  const parsed = await parseSql(statements.map((statement) => ({ database: 'shop', statement })));
  const nodes = parsed.flatMap((one) => (typeof one.statements === 'string' ? [] : one.statements));
  const kinds = nodes.flatMap((node) => ('AlterOwnerStmt' in node ? [node.AlterOwnerStmt.objectType] : []));
  expect(new Set(kinds)).toEqual(new Set(Object.keys(ownedKinds)));
});

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors = full ? ([14, 15, 16, 17, 18] as const) : ([14, 18] as const);

describe.each(majors)('on PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  /** What the last statement left, when it left everything as it found it. */
  let known: Captured | null = null;

  beforeAll(async () => {
    cluster = await createCluster({ major });
    await run(
      'postgres',
      'create role image_svc login',
      'create role owner_a',
      'create role reader',
      'create database shop',
    );
    await run('postgres', 'grant reader to image_svc', "alter role image_svc set work_mem = '5MB'");
    await run(
      'shop',
      'create table images (id int)',
      'create view pictures as select * from images',
      'create schema app',
    );
    await run(
      'shop',
      'create function f(int) returns int language sql as $$ select 1 $$',
      "create type kind as enum ('a')",
    );
    await run(
      'shop',
      'create role boss superuser',
      'create sequence counter',
      'create materialized view album as select * from images',
      'create domain small as int',
      "create procedure go() language sql as ''",
      'create aggregate total(int) (sfunc = int4pl, stype = int)',
      'create foreign data wrapper dummy',
      'create server elsewhere foreign data wrapper dummy',
      'create foreign table far (id int) server elsewhere',
    );
    await run('shop', 'select lo_create(4711)', 'alter table images enable row level security');
    await run('shop', 'create policy p on images to image_svc using (id > 5)', 'grant select on images to image_svc');
    target = targetOf(cluster);
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  async function run(database: string, ...sql: readonly string[]): Promise<void> {
    const client = new pg.Client(cluster.url('postgres', database));
    await client.connect();
    try {
      for (const one of sql) await client.query(one);
    } finally {
      await client.end();
    }
  }

  const mine = statements.filter((_, i) => full || (i % 2 === 0) === (major === 14));

  it.each([...mine, ...(major >= 15 ? since15 : [])])('%s', async (statement) => {
    const before = known ?? (await target.capture());
    known = null;
    const change = { kind: 'config', sql: [{ database: 'shop', statement }] } as const;
    const planned = await target.plan(before, change, { ...nothingAllowed, sql: true });
    if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
    await target.apply(planned.plan, unfenced, silent);
    const changed = await target.capture();
    expect(changed.snapshot?.id).not.toBe(before.snapshot?.id);
    const report = await reverted(target, before, changed);
    expect(report.remaining).toEqual([]);
    expect(report.after?.snapshot?.hashes).toEqual(before.snapshot?.hashes);
    known = report.after;
  });
});
