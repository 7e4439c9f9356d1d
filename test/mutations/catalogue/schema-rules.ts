/** Default privileges, row security with its policies, and what is shown only: extensions. */
import { all } from '../mutation.ts';

const alter = 'alter default privileges';

export const defaults = all('default privileges', [
  { name: 'future tables are granted', steps: [`${alter} grant select on tables to app_ro`] },
  {
    name: 'future tables of a role are granted',
    steps: [`${alter} for role shop_owner grant insert on tables to app_rw`],
  },
  {
    name: 'future tables in a schema are granted',
    steps: [`${alter} for role dba in schema app grant all on tables to app_rw with grant option`],
  },
  {
    name: 'future tables in a schema are granted no more',
    steps: [`${alter} for role shop_owner in schema app revoke select on tables from readers`],
  },
  {
    name: 'future tables are granted no more',
    steps: [`${alter} for role shop_owner revoke select on tables from readers`],
  },
  {
    name: 'future functions are closed',
    steps: [`${alter} for role shop_owner revoke execute on functions from public`],
  },
  { name: 'future functions are open again', steps: [`${alter} for role dba grant execute on functions to public`] },
  {
    name: 'future functions in a schema are granted',
    steps: [`${alter} for role shop_owner in schema app grant execute on functions to app_rw`],
  },
  {
    name: 'future sequences are granted',
    steps: [`${alter} for role shop_owner grant usage on sequences to app_rw, public`],
  },
  { name: 'future types are closed', steps: [`${alter} for role shop_owner revoke usage on types from public`] },
  {
    name: 'future schemas are granted',
    steps: [`${alter} for role shop_owner grant usage, create on schemas to app_rw`],
  },
  {
    name: 'future large objects are granted',
    from: 18,
    steps: [`${alter} for role shop_owner grant select on large objects to app_rw`],
  },
  {
    name: 'an owner loses its own future rights',
    steps: [`${alter} for role shop_owner revoke delete on tables from shop_owner`],
  },
  {
    name: 'future tables in an odd schema are granted',
    steps: [`${alter} for role "Odd Role" in schema "Odd Schema" grant select on tables to "Odd Role"`],
  },
  {
    name: 'future tables of another database are granted',
    steps: [{ sql: `${alter} grant select on tables to public`, in: 'Odd "Db' }],
  },
]);

export const rowSecurity = all('row security', [
  { name: 'row security is turned on', steps: ['alter table app.items enable row level security'] },
  { name: 'row security is turned off', steps: ['alter table app.orders disable row level security'] },
  { name: 'row security is forced', steps: ['alter table app.orders force row level security'] },
  { name: 'row security is forced no more', steps: ['alter table app.events no force row level security'] },
  { name: 'row security is forced where it is off', steps: ['alter table app.plain_table force row level security'] },
  { name: 'a policy is added', steps: ['create policy extra on app.orders for select to app_ro using (true)'] },
  {
    name: 'a restrictive policy is added',
    steps: [
      'create policy "Odd ""p" on app.orders as restrictive for all to public using (total > 0) with check (total > 1)',
    ],
  },
  { name: 'a policy is dropped', steps: ['drop policy own_rows on app.orders'] },
  { name: 'a restrictive policy is dropped', steps: ['drop policy "Only Positive" on app.orders'] },
  { name: 'a policy for INSERT is dropped', steps: ['drop policy inserts on app.orders'] },
  { name: "a policy's condition changes", steps: ['alter policy own_rows on app.orders using (true)'] },
  { name: "a policy's check changes", steps: ['alter policy inserts on app.orders with check (total > 100)'] },
  {
    name: 'a policy gets a check that it had not',
    steps: ['alter policy by_pair on "Odd Schema"."Odd ""Table" with check (false)'],
  },
  { name: "a policy's roles change", steps: ['alter policy own_rows on app.orders to app_ro, "Odd Role"'] },
  { name: 'a policy holds for everybody', steps: ['alter policy own_rows on app.orders to public'] },
  { name: 'a policy is renamed', steps: ['alter policy own_rows on app.orders rename to their_rows'] },
  {
    name: 'a policy is made anew, permissive instead of restrictive',
    steps: [
      'drop policy "Only Positive" on app.orders',
      'create policy "Only Positive" on app.orders using (total > 0)',
    ],
  },
  {
    name: 'a policy is made anew for another command',
    steps: ['drop policy inserts on app.orders', 'create policy inserts on app.orders for update using (total > 5)'],
  },
  {
    name: 'all policies go, and row security with them',
    steps: [
      'drop policy own_rows on app.orders',
      'drop policy inserts on app.orders',
      'drop policy "Only Positive" on app.orders',
      'alter table app.orders disable row level security',
    ],
  },
  {
    name: 'a policy that calls a function in another schema changes',
    steps: ['alter policy by_pair on "Odd Schema"."Odd ""Table" using (true)'],
  },
]);

export const extensions = all('extensions', [
  {
    name: 'an extension is added',
    steps: ['create extension citext'],
    reported: /citext/,
    leaves: ['citext'],
    cleanUp: ['drop extension citext'],
  },
  {
    name: 'an extension gets another version',
    steps: ['alter extension hstore update'],
    reported: /hstore/,
    cleanUp: ['drop extension hstore', "create extension hstore version '1.7'"],
  },
]);
