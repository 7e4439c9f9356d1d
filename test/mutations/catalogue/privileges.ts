/** Grants and revokes on every kind of object that has an ACL, with grant options, chains and PUBLIC. */
import { type Mutation, all } from '../mutation.ts';

interface Kind {
  readonly what: string;
  /** After ON. */
  readonly on: string;
  readonly one: string;
  /** `app_rw` holds `one` already; `readers` holds it with the grant option, and has passed it on to `intern`. */
  readonly from?: number;
}

/** The fixture grants the same on each of them. */
export const kinds: readonly Kind[] = [
  { what: 'a schema', on: 'schema app', one: 'usage' },
  { what: 'a table', on: 'table app.orders', one: 'select' },
  { what: 'a partitioned table', on: 'table app.events', one: 'insert' },
  { what: 'a table with an odd name', on: 'table "Odd Schema"."Odd ""Table"', one: 'update' },
  { what: 'a foreign table', on: 'table app.far', one: 'select' },
  { what: 'a view', on: 'table app.v_orders', one: 'select' },
  { what: 'a materialized view', on: 'table app.mv_orders', one: 'select' },
  { what: 'a sequence', on: 'sequence app.counter', one: 'usage' },
  { what: 'a function', on: 'function app.f(integer, text)', one: 'execute' },
  { what: 'a procedure', on: 'procedure app.p(integer)', one: 'execute' },
  { what: 'an aggregate', on: 'function app.agg(integer)', one: 'execute' },
  { what: 'an enum', on: 'type app.mood', one: 'usage' },
  { what: 'a domain', on: 'domain app.posint', one: 'usage' },
  { what: 'a composite type', on: 'type app.pair', one: 'usage' },
  { what: 'a range type', on: 'type app.span', one: 'usage' },
  { what: 'a language', on: 'language plpgsql', one: 'usage' },
  { what: 'a foreign data wrapper', on: 'foreign data wrapper dummy', one: 'usage' },
  { what: 'a foreign server', on: 'foreign server elsewhere', one: 'usage' },
  { what: 'a large object', on: 'large object 4242', one: 'select' },
  { what: 'a tablespace', on: 'tablespace disk2', one: 'create' },
  { what: 'a parameter', on: 'parameter work_mem', one: 'set', from: 15 },
];

const perKind: readonly Omit<Mutation, 'section'>[] = kinds.flatMap(({ what, on, one, from = 14 }) => [
  {
    name: `${what}: PUBLIC and a role get more`,
    from,
    steps: [`grant all on ${on} to public`, `grant ${one} on ${on} to plain with grant option`],
  },
  { name: `${what}: what a role had is gone`, from, steps: [`revoke all on ${on} from app_rw`] },
  { name: `${what}: a chain of grants is cut at its root`, from, steps: [`revoke all on ${on} from readers cascade`] },
]);

/** The catalog holds NULL for these, and never again once a grant was made: equal by meaning is all that can be had. */
const fromNull: readonly Omit<Mutation, 'section'>[] = [
  ['a table', 'table app.plain_table', 'select'],
  ['a sequence', 'sequence app.plain_seq', 'usage'],
  ['a function', 'function app.plain_f()', 'execute'],
  ['a type', 'type app.plain_type', 'usage'],
  ['a schema', 'schema plain_schema', 'usage'],
].map(([what, on, one]) => ({
  name: `${what} that never had a grant: PUBLIC loses, a role gets`,
  steps: [`revoke all on ${on} from public`, `grant ${one} on ${on} to app_ro`],
}));

export const privileges = all('privileges', [
  ...perKind,
  ...fromNull,
  { name: 'a column is granted', steps: ['grant select (secret), update (total) on app.orders to app_ro'] },
  { name: 'a column is granted no more', steps: ['revoke select (customer) on app.orders from app_ro'] },
  {
    name: 'a column is granted with the grant option',
    steps: ['grant references (customer) on app.orders to app_ro with grant option'],
  },
  { name: 'all grants on columns go with the one on their table', steps: ['revoke all on app.orders from app_ro'] },
  {
    name: 'a column with an odd name is granted',
    steps: ['grant select ("Odd ""Col") on "Odd Schema"."Odd ""Table" to public'],
  },
  {
    name: 'a role keeps its grant and loses the grant option',
    steps: ['revoke grant option for select on app.orders from readers cascade'],
  },
  { name: 'a role passes on what it may', steps: [{ sql: 'grant select on app.orders to plain', as: 'readers' }] },
  {
    name: 'a role takes back what it passed on',
    steps: [{ sql: 'revoke select on app.orders from intern', as: 'readers' }],
  },
  {
    name: 'a chain of grants is cut in a schema that its grantor may not enter any more',
    steps: ['revoke all on closed.vault from readers cascade'],
  },
  { name: 'a role loses everything that it was granted and passed on', steps: ['drop owned by readers cascade'] },
  { name: 'a role holds one grant from two', steps: ['grant select on app.orders to intern'] },
  { name: 'an owner revokes its own right', steps: ['revoke insert on app.orders from shop_owner'] },
  {
    name: 'a migration revokes all on all tables',
    steps: ['revoke all on all tables in schema app from app_rw, app_ro, readers cascade'],
  },
  {
    name: 'a migration grants all on all tables to PUBLIC',
    steps: ['grant all on all tables in schema app to public'],
  },
  { name: 'all functions are closed', steps: ['revoke execute on all functions in schema app from public, app_rw'] },
  { name: 'a role loses everything that was ever granted to it', steps: ['drop owned by app_rw'] },
  { name: 'a role loses everything in another database', steps: [{ sql: 'drop owned by app_ro', in: 'Odd "Db' }] },
  {
    name: 'a table of another database is granted',
    steps: [{ sql: 'grant select on ledger to public', in: 'Odd "Db' }],
  },
  { name: 'PUBLIC may create in schema public', from: 15, steps: ['grant create on schema public to public'] },
  { name: 'nobody may use schema public', steps: ['revoke all on schema public from public'] },
  { name: 'a catalog table is opened', steps: ['grant select on pg_catalog.pg_authid to app_ro'] },
  { name: 'a catalog view is closed', steps: ['revoke select on pg_catalog.pg_stat_activity from public'] },
  { name: 'a built-in function is opened', steps: ['grant execute on function pg_catalog.pg_reload_conf() to app_ro'] },
  {
    name: 'a built-in function is closed',
    steps: ['revoke execute on function pg_catalog.pg_sleep(double precision) from public'],
  },
  {
    name: "an extension's function is closed",
    steps: ['revoke execute on function public.levenshtein(text, text) from public'],
  },
  { name: "an extension's function is granted", steps: ['grant execute on function public.soundex(text) to app_ro'] },
  {
    name: 'a view of the information schema is closed',
    steps: ['revoke select on information_schema.tables from public'],
  },
  {
    name: 'a multirange type, before it follows its range',
    to: 16,
    steps: [
      'revoke usage on type app.span_multirange from public',
      'grant usage on type app.span_multirange to app_ro',
    ],
  },
  {
    name: 'the row type of a table is closed, and granted',
    steps: ['revoke usage on type app.orders from public', 'grant usage on type app.orders to app_ro'],
  },
  { name: 'the schema of what is kept out of line is opened', steps: ['grant usage on schema pg_toast to app_ro'] },
  { name: 'a role may maintain a table', from: 17, steps: ['grant maintain on app.orders to app_ro'] },
  {
    name: 'a role may alter a parameter for all',
    from: 15,
    steps: ['grant alter system on parameter log_statement to app_rw'],
  },
  {
    name: 'nobody may alter a parameter any more',
    from: 15,
    steps: ['revoke all on parameter work_mem from app_rw, readers cascade'],
  },
  { name: 'template1 is opened', steps: [{ sql: 'grant create on schema public to app_rw', in: 'template1' }] },
  {
    name: 'a table the change made is granted',
    steps: ['create table app.fresh ()', 'grant all on app.fresh to app_rw'],
    leaves: ['fresh'],
    cleanUp: ['drop table app.fresh'],
  },
]);

export const owners = all('owners', [
  ...(
    [
      ['a schema', 'schema app'],
      ['a table', 'table app.orders'],
      ['a partitioned table', 'table app.events'],
      ['a table with an odd name', 'table "Odd Schema"."Odd ""Table"'],
      ['a foreign table', 'foreign table app.far'],
      ['a view', 'view app.v_orders'],
      ['a materialized view', 'materialized view app.mv_orders'],
      ['a sequence', 'sequence app.counter'],
      ['a function', 'function app.f(integer, text)'],
      ['a procedure', 'procedure app.p(integer)'],
      ['an aggregate', 'aggregate app.agg(integer)'],
      ['an enum', 'type app.mood'],
      ['a domain', 'domain app.posint'],
      ['a composite type', 'type app.pair'],
      ['a range type', 'type app.span'],
      ['a language', 'language plpgsql'],
      ['a foreign server', 'server elsewhere'],
      ['a large object', 'large object 4242'],
      ['a tablespace', 'tablespace disk2'],
    ] as const
  ).map(([what, on]) => ({ name: `${what} changes its owner`, steps: [`alter ${on} owner to dba`] })),
  { name: 'a multirange type changes its owner', to: 16, steps: ['alter type app.span_multirange owner to dba'] },
  { name: 'a foreign data wrapper changes its owner', steps: ['alter foreign data wrapper dummy owner to mighty'] },
  {
    name: 'a table goes to a role that held a grant on it, and that grant is lost',
    steps: ['alter table app.orders owner to app_rw', 'alter table app.orders owner to shop_owner'],
  },
  {
    name: 'a table goes to a role that held a grant on it, and stays',
    steps: ['alter table app.orders owner to readers'],
  },
  { name: 'everything of one role goes to another', steps: ['reassign owned by shop_owner to dba'] },
  { name: 'a table with a serial column changes its owner', steps: ['alter table app.items owner to dba'] },
]);
