/** SQL in a change: what is let in, as PostgreSQL's own parser reads it, and how it is run: whole, in order, or not at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { SqlEntry } from '../../../domain/change.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { Captured, PlannedChange, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { nothingAllowed, query, silent, targetOf, unfenced } from './server.ts';

let cluster: Cluster;
let target: Target;
let before: Captured;

beforeAll(async () => {
  cluster = await createCluster({ major: 17, hba: 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n' });
  await query(cluster, 'create role image_svc login');
  await query(cluster, 'create role owner_a');
  await query(cluster, 'create database shop');
  await query(cluster, 'create database closed allow_connections false');
  await inShop('create table images (id int); create table orders (id int)');
  target = targetOf(cluster);
  before = await target.capture();
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});
beforeEach(() => inShop('revoke all on images, orders from image_svc'));

const sqlAllowed = { ...nothingAllowed, sql: true };

async function inShop<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  const client = new pg.Client(cluster.url('postgres', 'shop'));
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const shop = (...statements: string[]): SqlEntry[] => statements.map((statement) => ({ database: 'shop', statement }));

async function problemsOf(sql: readonly SqlEntry[], allowance = sqlAllowed): Promise<readonly Problem[]> {
  const planned = await target.plan(before, { kind: 'config', sql }, allowance);
  return planned.kind === 'refused' ? planned.problems : [];
}

async function planOf(sql: readonly SqlEntry[], settings = {}): Promise<PlannedChange> {
  const planned = await target.plan(before, { kind: 'config', sql, settings }, sqlAllowed);
  if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
  return planned.plan;
}

async function canRead(table: string): Promise<boolean> {
  const [row] = await inShop<{ can: boolean }>(`select has_table_privilege('image_svc', '${table}', 'select') as can`);
  return row?.can === true;
}

const refused: readonly (readonly [string, string, string])[] = [
  ['a new table', 'create table t (id int)', 'statement kind CreateStmt is not covered by a snapshot'],
  ['data', 'delete from images', 'statement kind DeleteStmt is not covered by a snapshot'],
  ['a query', 'select pg_reload_conf()', 'statement kind SelectStmt is not covered by a snapshot'],
  ['code', 'do $$ begin end $$', 'statement kind DoStmt is not covered by a snapshot'],
  ['a setting of the server', "alter system set work_mem = '4MB'", 'statement kind AlterSystemStmt is not covered'],
  ['another role for the session', 'set role postgres', 'statement kind VariableSetStmt is not covered'],
  ['the end of the transaction', 'commit', 'statement kind TransactionStmt is not covered'],
  ['a dropped role', 'drop role image_svc', 'statement kind DropRoleStmt is not covered'],
  ['a renamed role', 'alter role image_svc rename to other', 'statement kind RenameStmt is not covered'],
  ['a dropped table', 'drop table images', 'statement kind DropStmt is not covered'],
  ['everything of a role', 'reassign owned by image_svc to postgres', 'statement kind ReassignOwnedStmt is not'],
  ['a column beside row security', 'alter table images enable row level security, add a int', 'Add Column'],
  ['what another table keeps out of line', 'grant select on pg_toast.pg_toast_1255 to image_svc', 'schema pg_toast'],
  ['the owner of what is not in a snapshot', 'alter publication p owner to postgres', 'the owner of a publication'],
  ['the tablespace of a database', 'alter database shop set tablespace t', 'ALTER DATABASE … TABLESPACE'],
  ['a value out of a session', 'alter role image_svc set work_mem from current', 'FROM CURRENT'],
  ['a password', "alter role image_svc password 'secret'", 'a password is not changed'],
  ['a password behind a comment', "create role r login password /* '*/ $x$secret$x$", 'a password is not changed'],
  ['a library for every session', "alter role image_svc set session_preload_libraries = 'x'", 'may not be changed'],
  ['a command for whom it is lent', 'grant set on parameter archive_command to image_svc', 'may not be changed'],
  ['a secret of an extension', "alter role image_svc set app.password = 'x'", 'literal secret'],
  ['two statements', 'grant select on images to image_svc; drop table images', 'holds 2 statements'],
  ['a second one behind a quote', "grant select on images to image_svc; select '--'; ", 'holds 2 statements'],
  ['a comment alone', '-- grant select on images to image_svc', 'holds no statement'],
  ['what is no SQL', 'grant select images image_svc', 'syntax error'],
];

describe('a change with SQL', () => {
  for (const [what, statement, says] of refused)
    it(`is refused for ${what}`, async () => {
      const problems = await problemsOf(shop(statement));
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(says)]);
      expect(problems[0]?.message).toMatch(/sql\[0\]/);
    });

  it('is refused unless the agent allows it', async () => {
    const problems = await problemsOf(shop('grant select on images to image_svc'), nothingAllowed);
    expect(problems).toEqual([expect.objectContaining({ code: 'sql-not-allowed' })]);
  });

  it('is refused for a role that an agent without superuser could not take back', async () => {
    await query(cluster, "create role maker login createrole password 'maker'");
    const maker = targetOf(cluster, {
      database: { connection: `postgresql://maker@127.0.0.1:${cluster.port}/postgres`, password: null },
      password: 'maker',
    });
    try {
      const planned = await maker.plan(
        await target.capture(),
        { kind: 'config', sql: shop('create role newcomer login', 'alter role image_svc nologin') },
        sqlAllowed,
      );
      expect(planned).toMatchObject({ kind: 'refused', problems: [{ code: 'role-not-revertible' }] });
    } finally {
      await maker.close();
      await query(cluster, 'drop role maker');
    }
  });

  it('is refused for a database that is not there, with the nearest name, or that nobody can look into', async () => {
    const statement = 'grant select on images to image_svc';
    expect(await problemsOf([{ database: 'shpo', statement }])).toEqual([
      expect.objectContaining({ code: 'unknown-database', hint: expect.stringContaining('shop') }),
    ]);
    expect(await problemsOf([{ database: 'closed', statement }])).toEqual([
      expect.objectContaining({ code: 'database-not-covered' }),
    ]);
  });

  it('names all of its problems at once', async () => {
    expect(await problemsOf(shop('drop table images', 'vacuum', "alter role image_svc password 'x'"))).toHaveLength(3);
  });
});

const covered: readonly (readonly [string, string])[] = [
  ['grant select (id) on images to image_svc with grant option', 'catalogs'],
  ['revoke all on all tables in schema public from public', 'catalogs'],
  ['alter default privileges in schema public grant select on tables to image_svc', 'catalogs'],
  ['alter table images owner to owner_a', 'catalogs'],
  ['alter table images enable row level security, force row level security', 'catalogs'],
  ['create policy p on images for select to image_svc using (id > 0)', 'catalogs'],
  ['alter policy p on images using (true)', 'catalogs'],
  ['alter policy p on images rename to q', 'catalogs'],
  ['drop policy if exists q on images', 'catalogs'],
  ['alter schema public owner to owner_a', 'catalogs'],
  ['create role migrator login connection limit 4', 'roles'],
  ['alter role image_svc nologin', 'roles'],
  ["alter role image_svc in database shop set work_mem = '8MB'", 'roles'],
  ['alter role all reset all', 'roles'],
  ['alter database shop set search_path = public', 'roles'],
  ['alter group owner_a add user image_svc', 'roles'],
  ['grant owner_a to image_svc with admin option', 'memberships'],
  ['alter database shop connection limit 5', 'databases'],
  ['alter database shop owner to owner_a', 'databases'],
  ['grant connect on database shop to image_svc', 'databases'],
  ['grant set on parameter work_mem to image_svc', 'shared'],
  ['grant create on tablespace pg_default to image_svc', 'shared'],
];

it('knows the section that every statement belongs to, and that all of it is a high risk', async () => {
  const { summary, steps } = await planOf(shop(...covered.map(([statement]) => statement)));
  expect(summary.items.map(({ section }) => section)).toEqual(covered.map(([, section]) => section));
  expect(summary).toMatchObject({ risk: 'high', effect: 'reconnect' });
  expect(steps).toEqual([{ do: 'sql', database: 'shop', statements: covered.map(([statement]) => statement) }]);
});

it('shows the statements as they will be run, and says what they give beyond data', async () => {
  const { summary } = await planOf(shop('grant pg_read_server_files to image_svc;', 'alter role image_svc superuser'));
  expect(summary.diff).toBe(
    '+++ SQL in database shop\n+grant pg_read_server_files to image_svc;\n+alter role image_svc superuser;\n',
  );
  expect(summary.warnings).toEqual([
    'sql[0] gives membership of pg_read_server_files, which reads files of the host',
    'sql[1] gives SUPERUSER, which is power over the host too',
  ]);
});

describe('applied', () => {
  it('a grant holds, in the database it was meant for; names without a schema mean public', async () => {
    await query(cluster, 'create table images (id int)');
    const plan = await planOf(shop('grant select on images to image_svc'));
    await target.apply(plan, unfenced, silent);
    expect(await canRead('images')).toBe(true);
    const [row] = await query<{ can: boolean }>(
      cluster,
      `select has_table_privilege('image_svc', 'images', 'select') as can`,
    );
    expect(row?.can).toBe(false);
  });

  it('statements of several databases run in their order', async () => {
    const plan = await planOf([
      { database: 'postgres', statement: 'create role late' },
      { database: 'shop', statement: 'grant select on images to late' },
      { database: 'postgres', statement: 'alter role late connection limit 2' },
    ]);
    expect(plan.steps.map((step) => step.do === 'sql' && step.database)).toEqual(['postgres', 'shop', 'postgres']);
    await target.apply(plan, unfenced, silent);
    const [row] = await inShop<{ can: boolean }>(`select has_table_privilege('late', 'images', 'select') as can`);
    expect(row?.can).toBe(true);
  });

  it('a failing statement undoes those before it, and comes before any file is written', async () => {
    const plan = await planOf(shop('grant select on images to image_svc', 'grant select on nothing to image_svc'), {
      work_mem: '5MB',
    });
    await expect(target.apply(plan, unfenced, silent)).rejects.toMatchObject({
      problem: {
        code: 'sql-failed',
        message: 'the server refused the SQL of database "shop" (statement 2 of 2): relation "nothing" does not exist',
      },
    });
    expect(await canRead('images')).toBe(false);
    expect((await target.capture()).snapshot?.hashes.files).toBe(before.snapshot?.hashes.files);
  });

  it('a fence that closes between two statements leaves nothing behind', async () => {
    const plan = await planOf(shop('grant select on images to image_svc', 'grant select on orders to image_svc'));
    let asked = 0;
    const fence = (): void => {
      asked += 1;
      if (asked === 2) throw new Error('fenced');
    };
    await expect(target.apply(plan, fence, silent)).rejects.toThrow('fenced');
    expect(await canRead('images')).toBe(false);
  });

  it('waits for a lock only for moments, and tries again', async () => {
    const plan = await planOf(shop('alter table orders enable row level security'));
    const other = new pg.Client(cluster.url('postgres', 'shop'));
    await other.connect();
    await other.query('begin; lock table orders in access share mode');
    const said: string[] = [];
    const done = target.apply(plan, unfenced, (line) => {
      said.push(line);
      if (line.includes('trying again')) void other.query('commit');
    });
    await done;
    await other.end();
    expect(said.filter((line) => line.includes('trying again'))).toHaveLength(1);
    const [row] = await inShop<{ on: boolean }>(`select relrowsecurity as on from pg_class where relname = 'orders'`);
    expect(row?.on).toBe(true);
  });

  it('one statement stays one for a server on which backslashes escape', async () => {
    await query(cluster, `alter role postgres set standard_conforming_strings = off`);
    await query(cluster, `alter role postgres set backslash_quote = on`);
    try {
      const hidden = String.raw`create policy hidden on orders using ('x\' || '); drop table images; --' <> '')`;
      const plan = await planOf(shop(hidden));
      await target.apply(plan, unfenced, silent);
      const [row] = await inShop<{ n: number }>(`select count(*)::int as n from pg_class where relname = 'images'`);
      expect(row?.n).toBe(1);
    } finally {
      await query(cluster, 'alter role postgres reset all');
    }
  });
});
