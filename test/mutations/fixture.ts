/** One server with something of everything that a snapshot holds, so that each mutation finds what it changes. */
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { selfSigned } from '../support/certificate.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { kinds } from './catalogue/privileges.ts';

const hba = `# TYPE  DATABASE  USER      ADDRESS        METHOD
local   all       postgres                 trust
host    all       postgres  127.0.0.0/8    scram-sha-256
host    shop      app_rw    127.0.2.0/24   scram-sha-256
host    shop      app_ro    127.0.3.0/24   scram-sha-256
hostssl all       @lists/admins  127.0.4.0/24  scram-sha-256
`;
const hbaIncludes = 'include more_hba.conf\ninclude_dir hba.d\ninclude_if_exists later_hba.conf\n';

const conf = `
# of the fixture
work_mem = 8MB
autovacuum = off
deadlock_timeout = 2s
include 'shared/base.conf'
include_dir 'conf.d'
include_if_exists 'later.conf'
ssl = on
ssl_cert_file = 'tls/server.crt'
ssl_key_file = 'tls/server.key'
ssl_ca_file = 'tls/ca.crt'
primary_conninfo = 'host=10.0.0.2 user=replicator password=fixture-secret'
`;

export async function createFixture(major: PostgresMajor): Promise<Cluster> {
  const cluster = await createCluster({ major, start: false });
  const pair = selfSigned('db.example', { ipv4: ['127.0.0.1'] });
  const put = async (path: string, text: string): Promise<void> => {
    const whole = join(cluster.dataDir, path);
    await own(cluster, await mkdir(dirname(whole), { recursive: true }));
    await writeFile(whole, text, { mode: 0o600 });
    await own(cluster, whole);
  };
  await put('tls/server.crt', pair.certificate);
  await put('tls/server.key', pair.key);
  await put('tls/ca.crt', selfSigned('ca.example').certificate);
  await put('shared/base.conf', 'geqo_threshold = 13\n');
  await put('conf.d/10-base.conf', 'effective_io_concurrency = 7\n');
  await put('lists/admins', 'postgres dba\n');
  await put('pg_ident.conf', '# MAP  SYSTEM  ROLE\nops root postgres\n');
  await put('pg_ctl.conf', "pg_ctl_options = ''\n");
  await put('start.conf', 'auto\n');
  if (major >= 16) {
    await put('more_hba.conf', 'host shop plain 127.0.5.0/24 scram-sha-256\n');
    await put('hba.d/10-apps.conf', 'host shop mighty 127.0.5.0/24 scram-sha-256\n');
  }
  await put('pg_hba.conf', major >= 16 ? hba + hbaIncludes : hba);
  await writeFile(join(cluster.dataDir, 'postgresql.conf'), conf, { flag: 'a' });
  await mkdir(tablespaceOf(cluster));
  await own(cluster, tablespaceOf(cluster));
  await cluster.start();
  const unset = major >= 16 ? ['grant writers to quiet with set false, inherit false'] : [];
  await run(cluster, 'postgres', [
    ...rolesAndDatabases,
    ...unset,
    `create tablespace disk2 location '${tablespaceOf(cluster)}'`,
  ]);
  await run(cluster, 'shop', [...objects, ...grants(major), ...finish]);
  await run(cluster, 'Odd "Db', other);
  await cluster.restart();
  return cluster;
}

/** Beside the data folder, and gone with it. */
export function tablespaceOf({ dataDir }: Cluster): string {
  return join(dirname(dataDir), 'disk2');
}

export async function own({ systemUser }: Cluster, path: string | undefined): Promise<void> {
  if (systemUser && path !== undefined) await chown(path, systemUser.uid, systemUser.gid);
}

async function run(cluster: Cluster, database: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url('postgres', database) });
  await client.connect();
  try {
    for (const sql of statements)
      await client.query(sql).catch((error: unknown) => {
        throw new Error(`${sql}: ${String(error)}`);
      });
  } finally {
    await client.end();
  }
}

const rolesAndDatabases = [
  'create role shop_owner',
  "create role app_rw login password 'rw-secret'",
  "create role app_ro login password 'ro-secret'",
  'create role plain login',
  "create role mighty login superuser noinherit createrole createdb replication bypassrls password 'mighty-secret'",
  'create role "Odd Role" nologin noinherit',
  "create role dba login createdb createrole password 'dba-secret'",
  'create role limited login connection limit 5',
  "create role expiring login valid until '2031-05-06 07:08:09+00'",
  "create role old_hash login password 'md53175bce1d3201d16594cebf9d7eb3f9d'",
  "create role spare login connection limit 3 password 'spare-secret'",
  'create role quiet login noinherit',
  ...['readers', 'writers', 'lead', 'intern', 'twice'].map((name) => `create role ${name}`),
  'create database shop owner shop_owner',
  'create database "Odd ""Db" owner dba connection limit 20',
  'grant readers to app_ro, twice',
  'grant writers to quiet',
  'grant readers to lead with admin option',
  'set role lead',
  'grant readers to intern',
  'grant readers to twice',
  'reset role',
  'grant pg_monitor to plain',
  'grant connect on database shop to app_rw',
  'grant create on database shop to readers with grant option',
  "alter role app_rw set work_mem = '16MB'",
  "alter role app_rw set statement_timeout = '30s'",
  'alter role app_rw set search_path = app, "Odd Schema"',
  "alter role app_rw in database shop set lock_timeout = '2s'",
  "alter database shop set timezone = 'Europe/Berlin'",
  "alter role all set idle_session_timeout = '2h'",
  "alter system set statement_timeout = '7s'",
  "alter system set temp_tablespaces = 'pg_default'",
];

const objects = [
  'create schema app authorization shop_owner',
  'create schema "Odd Schema" authorization "Odd Role"',
  'create schema plain_schema authorization shop_owner',
  'grant shop_owner to postgres',
  "create extension hstore version '1.7'",
  'create extension fuzzystrmatch',
  'grant usage on schema "Odd Schema" to readers',
  'set role shop_owner',
  'create table app.orders (id integer primary key, customer text, secret text, total integer)',
  'create table app.items (id serial, name text)',
  'create table app.events (at date, what text) partition by range (at)',
  "create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01')",
  'create table app.plain_table (id integer)',
  'create view app.v_orders as select id, customer from app.orders',
  'create materialized view app.mv_orders as select id from app.orders',
  'create sequence app.counter',
  'create sequence app.plain_seq',
  "create function app.f(integer, text) returns integer language sql as 'select 1'",
  "create function app.f(text) returns integer language sql as 'select 2'",
  "create function app.plain_f() returns integer language sql as 'select 3'",
  "create procedure app.p(integer) language sql as 'select 1'",
  'create aggregate app.agg(integer) (sfunc = int4pl, stype = integer)',
  "create type app.mood as enum ('sad', 'glad')",
  'create domain app.posint as integer check (value > 0)',
  'create type app.pair as (a integer, b text)',
  'create type app.span as range (subtype = integer)',
  'create type app.plain_type as (a integer)',
  'reset role',
  'create table "Odd Schema"."Odd ""Table" ("Odd ""Col" integer)',
  'alter table "Odd Schema"."Odd ""Table" owner to "Odd Role"',
  'create foreign data wrapper dummy',
  'create server elsewhere foreign data wrapper dummy',
  'alter server elsewhere owner to shop_owner',
  'create foreign table app.far (id integer) server elsewhere',
  'alter foreign table app.far owner to shop_owner',
  'select lo_create(4242)',
  'alter large object 4242 owner to shop_owner',
  'alter table app.orders enable row level security',
  'alter table app.events enable row level security',
  'alter table app.events force row level security',
  'create policy own_rows on app.orders for select to app_rw using (customer = current_user)',
  'create policy inserts on app.orders for insert with check (total >= 0)',
  'create policy "Only Positive" on app.orders as restrictive using (total > 0)',
  'create policy by_pair on "Odd Schema"."Odd ""Table" for all to "Odd Role", app_rw using (app.f("Odd ""Col"::text) = 2)',
];

/** The chain that the mutations cut: `readers` may pass it on, and has. */
function grants(major: number): readonly string[] {
  return kinds
    .filter(({ from = 14 }) => from <= major)
    .flatMap(({ on, one }) => [
      `grant ${one} on ${on} to app_rw`,
      `grant ${one} on ${on} to readers with grant option`,
      'set role readers',
      `grant ${one} on ${on} to intern`,
      'reset role',
    ]);
}

const finish = [
  // Its grantor may not enter the schema any more; what it granted still stands.
  'create schema closed',
  'create table closed.vault ()',
  'grant usage on schema closed to readers',
  'grant select on closed.vault to readers with grant option',
  'set role readers',
  'grant select on closed.vault to intern',
  'reset role',
  'revoke usage on schema closed from readers',
  'grant usage on schema app to app_ro, plain',
  'grant select (customer, id) on app.orders to app_ro',
  'grant update (total) on app.orders to app_ro with grant option',
  'grant execute on function app.f(text) to public',
  'grant select on app.items to public',
  'alter default privileges for role shop_owner in schema app grant select on tables to readers',
  'alter default privileges for role shop_owner grant select on tables to readers',
  'alter default privileges for role dba revoke execute on functions from public',
];

const other = [
  'create table ledger (id integer, amount integer)',
  'alter table ledger owner to dba',
  'grant select on ledger to app_ro',
  'grant select (amount) on ledger to app_rw',
  'alter default privileges for role dba grant select on tables to app_ro',
];
