/** A server as it grows over years: a thousand roles, mixed grants, several databases. The same every time. */
import pg from 'pg';
import type { Cluster } from '../worker/stack/cluster.ts';

export interface FixtureSize {
  /** In all databases together. */
  readonly tables: number;
  readonly roles: number;
  /** `postgres` is one of them. */
  readonly databases: number;
}

/** Tables in one transaction: each takes several locks, and a server has 6,400 by default. */
const tablesInOneTransaction = 250;

export function databasesOf({ databases }: Pick<FixtureSize, 'databases'>): readonly string[] {
  return ['postgres', ...Array.from({ length: databases - 1 }, (_, i) => `shop_${i + 1}`)];
}

/** Makes roles and databases with all but tables; `grow` adds those. */
export async function fill(cluster: Cluster, size: FixtureSize): Promise<void> {
  const names = databasesOf(size);
  await run(cluster.url(), [rolesSql(size.roles), ...names.slice(1).map((name) => `create database ${name}`)]);
  await inEach(cluster, names, () => [objectsSql(size.roles)]);
}

/** From `have` tables to `size.tables`, spread over all databases. */
export async function grow(cluster: Cluster, have: number, size: FixtureSize): Promise<void> {
  const names = databasesOf(size);
  const [from, to] = [Math.ceil(have / names.length) + 1, Math.ceil(size.tables / names.length)];
  await inEach(cluster, names, () => tableBatches(from, to, size.roles));
}

/** Two at a time: more would only wait for the same processors. */
async function inEach(cluster: Cluster, names: readonly string[], sql: () => readonly string[]): Promise<void> {
  const queue = [...names];
  const next = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      await run(cluster.url('postgres', name, cluster.password), [...sql(), 'analyze']);
  };
  await Promise.all([next(), next()]);
}

/** A verifier made beforehand: to compute a thousand would take longer than all the rest. */
const verifier = `SCRAM-SHA-256$4096:${'c2FsdHNhbHRzYWx0c2FsdA=='}$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;

function rolesSql(roles: number): string {
  return `do $$ begin
    for i in 1..${roles} loop
      execute format('create role r%s %s connection limit %s password %L', i,
        case when i % 3 = 0 then 'nologin' else 'login' end, i % 7 - 1, '${verifier}');
      if i > 20 then execute format('grant r%s to r%s', i % 20 + 1, i); end if;
      if i % 5 = 0 then execute format('alter role r%s set work_mem = %L', i, (i % 64 + 1) || 'MB'); end if;
    end loop;
  end $$`;
}

function tableBatches(first: number, last: number, roles: number): readonly string[] {
  const batches: string[] = [];
  for (let from = first; from <= last; from += tablesInOneTransaction)
    batches.push(tablesSql(from, Math.min(last, from + tablesInOneTransaction - 1), roles));
  return batches;
}

function objectsSql(roles: number): string {
  return `do $$ begin
      for i in 0..19 loop
        execute format('create schema s%s authorization r%s', i, i + 1);
        execute format('grant usage on schema s%s to r%s, r%s', i, i + 21, i + 22);
        execute format('alter default privileges for role r%s in schema s%s grant select on tables to r%s', i + 1, i, i + 21);
      end loop;
      for i in 1..100 loop
        execute format('create function s%s.f%s(integer, text) returns integer language sql as ''select 1''', i % 20, i);
        execute format('create view s%s.v%s as select 1 as one', i % 20, i);
        execute format('create sequence s%s.q%s', i % 20, i);
        execute format('grant usage on sequence s%s.q%s to r%s', i % 20, i, i % ${roles} + 1);
      end loop;
    end $$`;
}

function tablesSql(from: number, to: number, roles: number): string {
  return `do $$ declare t text; begin
    for i in ${from}..${to} loop
      t := format('s%s.orders_of_department_%s', i % 20, i);
      execute format('create table %s (id integer, customer text)', t);
      execute format('alter table %s owner to r%s', t, i % 20 + 1);
      if i % 10 > 0 then execute format('grant select on %s to r%s', t, i * 7 % ${roles} + 1); end if;
      if i % 2 = 0 then
        execute format('grant insert, update, delete on %s to r%s with grant option', t, i * 13 % ${roles} + 1);
      end if;
      if i % 20 = 0 then execute format('grant update (customer) on %s to r%s', t, i * 17 % ${roles} + 1); end if;
      if i % 10 = 0 then
        execute format('alter table %s enable row level security', t);
        execute format('create policy own on %s to r%s using (customer = current_user)', t, i * 19 % ${roles} + 1);
      end if;
    end loop;
  end $$`;
}

async function run(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
