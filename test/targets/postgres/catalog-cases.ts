/** One change of each class that the catalogs hold, and the one difference that a DBA should read. */

export interface Case {
  readonly sql: string;
  /** Default `shop`. */
  readonly database?: string;
  /** Key and summary; empty: no difference. */
  readonly want: readonly (readonly [key: string, summary: string])[];
  /** First major version that knows it. */
  readonly since?: number;
}

export const setUp = `
  create role owner_a; create role owner_b; create role app_svc login; create role readers; create role "Odd ""Role";
  create database shop`;

export const setUpShop = `
  create schema shop authorization owner_a;
  create table shop.orders (id integer, customer text);
  create table shop.lines (id integer);
  alter table shop.orders owner to owner_a;
  create table public."Odd ""Table" (id integer);
  create view shop.open_orders as select 1 as one;
  create materialized view shop.totals as select 1 as one;
  create sequence shop.numbers;
  create function shop.price(integer, name text) returns integer language sql as 'select 1';
  create procedure shop.ship(integer) language sql as 'select 1';
  create aggregate shop.total(integer) (sfunc = int4pl, stype = integer);
  create type shop.color as enum ('red');
  create domain shop.sku as text;
  create type shop.pair as (a integer, b integer);
  create foreign data wrapper wrapper;
  create server elsewhere foreign data wrapper wrapper;
  create foreign table shop.far (id integer) server elsewhere;
  select lo_create(4711);
  grant usage on schema shop to app_svc;
  grant select on shop.lines to app_svc;
  grant insert on shop.lines to readers`;

const object = (kind: string, name: string, said: string, word = kind): readonly [string, string] => [
  `object:shop:${kind}:${name}`,
  `${word} ${name} in shop: ${said}`,
];

export const cases: readonly Case[] = [
  // Tables, and what equals them.
  { sql: 'grant select on shop.orders to app_svc', want: [object('table', 'shop.orders', 'app_svc gains SELECT')] },
  {
    sql: 'grant select, insert on shop.orders to app_svc with grant option',
    want: [
      object('table', 'shop.orders', 'app_svc gains INSERT with grant option and gains the grant option for SELECT'),
    ],
  },
  {
    sql: 'set role app_svc; grant select on shop.orders to readers',
    want: [object('table', 'shop.orders', 'readers gains SELECT')],
  },
  {
    sql: 'revoke grant option for select on shop.orders from app_svc cascade',
    want: [object('table', 'shop.orders', 'app_svc loses the grant option for SELECT; readers loses SELECT')],
  },
  {
    sql: 'revoke select on shop.orders from app_svc',
    want: [object('table', 'shop.orders', 'app_svc loses SELECT')],
  },
  {
    sql: 'grant select on shop.orders to public, "Odd ""Role"',
    want: [object('table', 'shop.orders', 'PUBLIC gains SELECT; Odd "Role gains SELECT')],
  },
  {
    sql: 'alter table shop.orders owner to owner_b',
    want: [object('table', 'shop.orders', 'owner owner_a → owner_b')],
  },
  {
    sql: 'grant select on shop.open_orders to app_svc',
    want: [object('view', 'shop.open_orders', 'app_svc gains SELECT')],
  },
  {
    sql: 'grant select on shop.totals to app_svc',
    want: [object('materialized view', 'shop.totals', 'app_svc gains SELECT')],
  },
  { sql: 'grant select on shop.far to app_svc', want: [object('foreign table', 'shop.far', 'app_svc gains SELECT')] },
  {
    sql: 'grant usage on sequence shop.numbers to app_svc',
    want: [object('sequence', 'shop.numbers', 'app_svc gains USAGE')],
  },
  {
    sql: 'grant select on public."Odd ""Table" to app_svc',
    want: [object('table', 'public."Odd ""Table"', 'app_svc gains SELECT')],
  },
  {
    sql: 'grant maintain on shop.lines to app_svc',
    since: 17,
    want: [object('table', 'shop.lines', 'app_svc gains MAINTAIN')],
  },
  // Equal by meaning.
  {
    sql: 'revoke select on shop.lines from app_svc; grant select on shop.lines to app_svc',
    want: [],
  },
  {
    sql: 'create table shop.untouched (id integer)',
    want: [object('table', 'shop.untouched', 'added, owner postgres')],
  },
  { sql: 'grant select on shop.untouched to app_svc; revoke select on shop.untouched from app_svc', want: [] },
  { sql: 'drop table shop.untouched', want: [object('table', 'shop.untouched', 'removed')] },
  { sql: 'revoke execute on function shop.price(integer, text) from app_svc', want: [] },
  { sql: 'create temporary table passing (id integer); grant select on passing to app_svc', want: [] },
  // Columns.
  {
    sql: 'grant update (customer) on shop.orders to app_svc',
    want: [object('column', 'shop.orders.customer', 'app_svc gains UPDATE')],
  },
  {
    sql: 'revoke update (customer) on shop.orders from app_svc',
    want: [object('column', 'shop.orders.customer', 'app_svc loses UPDATE')],
  },
  // Schemas, routines, types, languages.
  { sql: 'grant usage on schema shop to readers', want: [object('schema', 'shop', 'readers gains USAGE')] },
  { sql: 'grant create on schema public to app_svc', want: [object('schema', 'public', 'app_svc gains CREATE')] },
  { sql: 'alter schema shop owner to owner_b', want: [object('schema', 'shop', 'owner owner_a → owner_b')] },
  {
    sql: 'revoke execute on function shop.price(integer, text) from public',
    want: [object('routine', 'shop.price(integer, name text)', 'PUBLIC loses EXECUTE', 'function')],
  },
  {
    sql: 'grant execute on procedure shop.ship(integer) to app_svc',
    want: [object('routine', 'shop.ship(IN integer)', 'app_svc gains EXECUTE', 'procedure')],
  },
  {
    sql: 'grant execute on function shop.total(integer) to app_svc',
    want: [object('routine', 'shop.total(integer)', 'app_svc gains EXECUTE', 'aggregate')],
  },
  { sql: 'revoke usage on type shop.color from public', want: [object('type', 'shop.color', 'PUBLIC loses USAGE')] },
  { sql: 'alter domain shop.sku owner to owner_b', want: [object('type', 'shop.sku', 'owner postgres → owner_b')] },
  { sql: 'grant usage on type shop.pair to app_svc', want: [object('type', 'shop.pair', 'app_svc gains USAGE')] },
  { sql: 'revoke usage on language plpgsql from public', want: [object('language', 'plpgsql', 'PUBLIC loses USAGE')] },
  { sql: 'grant usage on language plpgsql to public', want: [object('language', 'plpgsql', 'PUBLIC gains USAGE')] },
  // Foreign data, large objects.
  {
    sql: 'grant usage on foreign data wrapper wrapper to app_svc',
    want: [object('foreign data wrapper', 'wrapper', 'app_svc gains USAGE')],
  },
  {
    sql: 'grant usage on foreign server elsewhere to app_svc',
    want: [object('foreign server', 'elsewhere', 'app_svc gains USAGE')],
  },
  {
    sql: 'grant select on large object 4711 to app_svc',
    want: [object('large object', '4711', 'app_svc gains SELECT')],
  },
  {
    sql: 'alter large object 4711 owner to owner_a',
    want: [object('large object', '4711', 'owner postgres → owner_a')],
  },
  // What the system made, and only once it was changed.
  {
    sql: 'grant execute on function pg_read_file(text) to app_svc',
    want: [object('routine', 'pg_catalog.pg_read_file(text)', 'app_svc gains EXECUTE', 'function')],
  },
  {
    sql: 'revoke execute on function pg_read_file(text) from app_svc',
    want: [object('routine', 'pg_catalog.pg_read_file(text)', 'app_svc loses EXECUTE', 'function')],
  },
  {
    sql: 'revoke execute on function pg_sleep(double precision) from public',
    want: [object('routine', 'pg_catalog.pg_sleep(double precision)', 'PUBLIC loses EXECUTE', 'function')],
  },
  {
    sql: 'grant select on pg_authid to app_svc',
    want: [object('table', 'pg_catalog.pg_authid', 'app_svc gains SELECT')],
  },
  {
    sql: 'revoke select on information_schema.tables from public',
    want: [object('view', 'information_schema.tables', 'PUBLIC loses SELECT')],
  },
  {
    sql: 'grant select on information_schema.tables to public',
    want: [object('view', 'information_schema.tables', 'PUBLIC gains SELECT')],
  },
  {
    sql: 'grant select (subconninfo) on pg_subscription to app_svc',
    want: [object('column', 'pg_catalog.pg_subscription.subconninfo', 'app_svc gains SELECT')],
  },
  {
    sql: 'revoke select (subname) on pg_subscription from public',
    want: [object('column', 'pg_catalog.pg_subscription.subname', 'PUBLIC loses SELECT')],
  },
  // Default privileges.
  {
    sql: 'alter default privileges for role owner_a in schema shop grant select on tables to app_svc',
    want: [
      [
        'default:shop:owner_a:shop:tables',
        'default privileges of owner_a on tables of schema shop in shop: app_svc gains SELECT',
      ],
    ],
  },
  {
    sql: 'alter default privileges for role owner_a revoke execute on routines from public',
    want: [
      ['default:shop:owner_a::routines', 'default privileges of owner_a on routines in shop: PUBLIC loses EXECUTE'],
    ],
  },
  {
    sql: 'alter default privileges for role owner_a grant execute on routines to public',
    want: [
      ['default:shop:owner_a::routines', 'default privileges of owner_a on routines in shop: PUBLIC gains EXECUTE'],
    ],
  },
  {
    sql: 'alter default privileges for role owner_b grant select on large objects to app_svc',
    since: 18,
    want: [
      [
        'default:shop:owner_b::large objects',
        'default privileges of owner_b on large objects in shop: app_svc gains SELECT',
      ],
    ],
  },
  // Row security.
  {
    sql: 'alter table shop.orders enable row level security',
    want: [['row-security:shop:shop.orders', 'row security of shop.orders in shop: enabled off → on']],
  },
  {
    sql: 'alter table shop.orders force row level security',
    want: [['row-security:shop:shop.orders', 'row security of shop.orders in shop: forced off → on']],
  },
  {
    sql: "create policy own on shop.orders for select using (customer = 'x' and id = 1)",
    want: [['policy:shop:shop.orders:own', 'policy own on shop.orders in shop: added for select to PUBLIC']],
  },
  {
    sql: 'alter policy own on shop.orders to app_svc, readers using (id > 1)',
    want: [
      [
        'policy:shop:shop.orders:own',
        "policy own on shop.orders in shop: to PUBLIC → app_svc, readers, using ((customer = 'x'::text) AND (id = 1)) → (id > 1)",
      ],
    ],
  },
  {
    sql: 'drop policy own on shop.orders',
    want: [['policy:shop:shop.orders:own', 'policy own on shop.orders in shop: removed']],
  },
  // Extensions: what they make is theirs.
  {
    sql: "create extension citext schema public version '1.5'",
    want: [['extension:shop:citext', 'extension citext in shop: added, version 1.5']],
  },
  {
    sql: "alter extension citext update to '1.6'",
    want: [['extension:shop:citext', 'extension citext in shop: version 1.5 → 1.6']],
  },
  {
    sql: 'revoke execute on function citext_cmp(citext, citext) from public',
    want: [object('routine', 'public.citext_cmp(public.citext, public.citext)', 'PUBLIC loses EXECUTE', 'function')],
  },
  // Shared by all databases.
  {
    sql: 'grant readers to app_svc',
    want: [['membership:readers/app_svc/postgres', 'app_svc is now a member of readers, granted by postgres']],
  },
  {
    sql: 'grant readers to app_svc with admin option',
    want: [
      [
        'membership:readers/app_svc/postgres',
        'app_svc as a member of readers: admin option off → on, granted by postgres',
      ],
    ],
  },
  {
    sql: 'grant readers to app_svc with inherit false, set false',
    since: 16,
    want: [
      [
        'membership:readers/app_svc/postgres',
        'app_svc as a member of readers: inherit option on → off, set option on → off, granted by postgres',
      ],
    ],
  },
  {
    sql: 'revoke readers from app_svc',
    want: [['membership:readers/app_svc/postgres', 'app_svc is no longer a member of readers, as granted by postgres']],
  },
  {
    sql: 'grant pg_monitor to app_svc',
    want: [['membership:pg_monitor/app_svc/postgres', 'app_svc is now a member of pg_monitor, granted by postgres']],
  },
  {
    sql: 'revoke connect on database shop from public',
    want: [['database:shop', 'database shop: PUBLIC loses CONNECT']],
  },
  { sql: 'alter database shop owner to owner_a', want: [['database:shop', 'database shop: owner postgres → owner_a']] },
  {
    sql: 'alter database shop connection limit 5',
    want: [['database:shop', 'database shop: connection limit none → 5']],
  },
  { sql: 'alter database shop is_template true', want: [['database:shop', 'database shop: template off → on']] },
  { sql: 'create database fresh', want: [['database:fresh', 'database fresh: added']] },
  { sql: 'drop database fresh', want: [['database:fresh', 'database fresh: removed']] },
  {
    sql: 'grant create on tablespace pg_default to app_svc',
    want: [['shared:tablespace pg_default', 'tablespace pg_default: app_svc gains CREATE']],
  },
  {
    sql: 'grant set on parameter work_mem to app_svc',
    since: 15,
    want: [['shared:parameter work_mem', 'parameter work_mem: app_svc gains SET']],
  },
  {
    sql: 'grant alter system on parameter work_mem to app_svc',
    since: 15,
    want: [['shared:parameter work_mem', 'parameter work_mem: app_svc gains ALTER SYSTEM']],
  },
  {
    sql: 'revoke all on parameter work_mem from app_svc',
    since: 15,
    want: [['shared:parameter work_mem', 'parameter work_mem: app_svc loses SET, ALTER SYSTEM']],
  },
];
