/** A database whose roles, memberships, owners, grants and policies are drawn at random, and what can be needed in it. */
import fc from 'fast-check';
import type { Need, NeedKind, NeededPrivilege } from '../../domain/access/need.ts';
import { neededPrivileges } from '../../domain/access/need.ts';
import { pick } from './house.ts';

export const people = ['alice', 'bob', 'Karl H.'] as const;
const groups = ['staff', 'crew'] as const;
export const users = [...people, ...groups] as const;
const predefined = ['pg_read_all_data', 'pg_write_all_data', 'pg_maintain'] as const;

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const grantee = (name: string): string => (name === '' ? 'public' : quoted(name));

/** What is there, by the kind that a need names. */
const objects = {
  schema: ['public', 'app', '"My Schema"'],
  table: [
    'public.images',
    'app.orders',
    '"My Schema"."Order"',
    'public.listed',
    'app.kept',
    // Others than they were made: else a snapshot does not hold them.
    'pg_catalog.pg_statistic',
    'pg_catalog.pg_authid',
  ],
  sequence: ['public.images_seq', 'app.orders_seq'],
  routine: ['public.f(integer)', 'public.f(integer, text)', 'app.p(integer)', 'app.total(integer)'],
} as const;
const columns = ['public.images.path', 'public.images.id', 'app.orders.path', '"My Schema"."Order"."Path"'] as const;
/** With row security. */
export const tables = [
  { name: 'public.images', column: 'path' },
  { name: 'app.orders', column: 'path' },
  { name: '"My Schema"."Order"', column: '"Path"' },
] as const;

const made = [
  'create schema app',
  'create schema "My Schema"',
  'create table public.images (id integer, path text)',
  'create table app.orders (id integer, path text) partition by range (id)',
  'create table app.orders_1 partition of app.orders default',
  'create table "My Schema"."Order" (id integer, "Path" text)',
  'create view public.listed as select id from public.images',
  'create materialized view app.kept as select 1 as id',
  'create sequence public.images_seq',
  'create sequence app.orders_seq',
  `create function public.f(a integer) returns integer language sql as 'select 1'`,
  `create function public.f(a int4, OUT b text, VARIADIC c text[]) language sql as 'select ''x'''`,
  `create function public.f(integer, text) returns integer language sql as 'select 1'`,
  `create procedure app.p(IN a integer) language sql as 'select 1'`,
  'create aggregate app.total(integer) (sfunc = pg_catalog.int4pl, stype = integer)',
  ...tables.map(({ name, column }) => `insert into ${name} (id, ${column}) values (1, 'a')`),
  'grant select on pg_catalog.pg_statistic, pg_catalog.pg_authid to crew',
];

const roleDrawn = fc.record({
  superuser: pick(false, false, false, false, false, false, true),
  inherit: pick(true, true, false),
  bypassrls: pick(false, false, false, true),
});
const membershipDrawn = fc.record({
  member: pick(...people, 'staff'),
  role: pick(...groups, ...groups, ...groups, ...predefined),
  inherit: fc.boolean(),
  set: fc.boolean(),
});
const who = pick('', ...users, ...users, 'pg_database_owner');
const onObject = (kind: NeedKind, names: readonly string[]): fc.Arbitrary<GrantDrawn> =>
  fc.record({
    privilege: pick('all', ...neededPrivileges[kind]),
    kind: fc.constant(kind),
    name: pick(...names),
    who,
    takes: pick(false, false, false, true),
  });
interface GrantDrawn {
  readonly privilege: string;
  readonly kind: NeedKind;
  readonly name: string;
  readonly who: string;
  readonly takes: boolean;
}
const grantDrawn = fc.oneof(
  { weight: 2, arbitrary: onObject('schema', objects.schema) },
  { weight: 5, arbitrary: onObject('table', objects.table) },
  { weight: 3, arbitrary: onObject('column', columns) },
  { weight: 2, arbitrary: onObject('sequence', objects.sequence) },
  { weight: 2, arbitrary: onObject('routine', objects.routine) },
);
const policyDrawn = fc.record({
  permissive: pick(true, true, true, false),
  command: pick('all', 'select', 'insert', 'update', 'delete'),
  to: fc.uniqueArray(pick('', ...users), { minLength: 1, maxLength: 2 }),
});
const securityDrawn = fc.record({
  enabled: pick(true, true, false),
  forced: fc.boolean(),
  policies: fc.array(policyDrawn, { maxLength: 3 }),
});
/** null: as it was made. */
const ownerDrawn = pick(null, ...users);

export const stateDrawn = fc.record({
  roles: fc.array(roleDrawn, { minLength: users.length, maxLength: users.length }),
  memberships: fc.uniqueArray(
    membershipDrawn.filter(({ member, role }) => member !== role),
    { maxLength: 6, selector: ({ member, role }) => `${member} ${role}` },
  ),
  databaseOwner: pick('postgres', ...users),
  owners: fc.record({
    schema: fc.tuple(ownerDrawn, ownerDrawn, ownerDrawn),
    table: fc.tuple(ownerDrawn, ownerDrawn, ownerDrawn),
    sequence: fc.tuple(ownerDrawn, ownerDrawn),
    routine: fc.tuple(ownerDrawn, ownerDrawn, ownerDrawn),
  }),
  grants: fc.array(grantDrawn, { maxLength: 30 }),
  /** Else hardly anything is reached. */
  open: fc.subarray([...objects.schema]),
  security: fc.tuple(securityDrawn, securityDrawn, securityDrawn),
});
export type StateDrawn = typeof stateDrawn extends fc.Arbitrary<infer One> ? One : never;

/** In database postgres, before the other one is made anew; memberships were all revoked. */
export function sharedSql({ roles, memberships }: StateDrawn, major: number): readonly string[] {
  const flag = (is: boolean, word: string): string => (is ? word : `no${word}`);
  return [
    ...users.map((name, at) => {
      const { superuser, inherit, bypassrls } = roles[at] as StateDrawn['roles'][0];
      const words = [flag(superuser, 'superuser'), flag(inherit, 'inherit'), flag(bypassrls, 'bypassrls')];
      return `alter role ${quoted(name)} ${words.join(' ')}`;
    }),
    ...memberships
      .filter(({ role }) => role !== 'pg_maintain' || major >= 17)
      .map(({ member, role, inherit, set }) => {
        const options = major >= 16 ? ` with inherit ${inherit}, set ${set}` : '';
        return `grant ${role} to ${quoted(member)}${options}`;
      }),
  ];
}

/** In the new database. */
export function ownSql({ owners, grants, open, security }: StateDrawn, major: number): readonly string[] {
  const give = (kind: 'schema' | 'table' | 'sequence' | 'routine'): readonly string[] =>
    owners[kind].flatMap((owner, at) =>
      owner === null ? [] : [`alter ${kind} ${objects[kind][at] ?? ''} owner to ${quoted(owner)}`],
    );
  return [
    ...made,
    ...give('schema'),
    ...give('table'),
    ...give('sequence'),
    ...give('routine'),
    ...open.map((name) => `grant usage on schema ${name} to public`),
    ...grants.filter(({ privilege }) => privilege !== 'maintain' || major >= 17).map(grantSql),
    ...security.flatMap((drawn, at) => securitySql(drawn, tables[at]?.name ?? '')),
  ];
}

function grantSql({ privilege, kind, name, who: role, takes }: GrantDrawn): string {
  const [direction, verb] = takes ? ['from', 'revoke'] : ['to', 'grant'];
  if (kind !== 'column') return `${verb} ${privilege} on ${kind} ${name} ${direction} ${grantee(role)}`;
  const at = name.lastIndexOf('.');
  return `${verb} ${privilege} (${name.slice(at + 1)}) on ${name.slice(0, at)} ${direction} ${grantee(role)}`;
}

function securitySql({ enabled, forced, policies }: StateDrawn['security'][0], table: string): readonly string[] {
  return [
    `alter table ${table} ${enabled ? 'enable' : 'disable'} row level security`,
    `alter table ${table} ${forced ? 'force' : 'no force'} row level security`,
    ...policies.map(({ permissive, command, to }, at) => {
      const expressions = command === 'insert' ? 'with check (true)' : 'using (true)';
      const kind = permissive ? 'permissive' : 'restrictive';
      return `create policy p${at} on ${table} as ${kind} for ${command} to ${to.map(grantee).join(', ')} ${expressions}`;
    }),
  ];
}

/** Every privilege on everything that is there. */
export function needs(major: number): readonly Need[] {
  const named = (kind: NeedKind, names: readonly string[]): readonly Need[] =>
    names.flatMap((name) =>
      (neededPrivileges[kind] as readonly NeededPrivilege[])
        .filter((privilege) => privilege !== 'maintain' || major >= 17)
        .map((privilege) => ({ privilege, on: { kind, name } })),
    );
  return [
    ...named('schema', objects.schema),
    ...named('table', objects.table),
    ...named('column', columns),
    ...named('sequence', objects.sequence),
    ...named('routine', objects.routine),
  ];
}

/** What is not there, and what a snapshot says nothing of. */
export const elsewhere: readonly Need[] = [
  { privilege: 'select', on: { kind: 'table', name: 'public.nowhere' } },
  { privilege: 'select', on: { kind: 'table', name: 'nowhere.images' } },
  { privilege: 'select', on: { kind: 'table', name: 'public.order' } },
  { privilege: 'usage', on: { kind: 'schema', name: 'nowhere' } },
  { privilege: 'usage', on: { kind: 'schema', name: 'pg_catalog' } },
  { privilege: 'create', on: { kind: 'schema', name: 'pg_catalog' } },
  { privilege: 'usage', on: { kind: 'sequence', name: 'public.images' } },
  { privilege: 'execute', on: { kind: 'routine', name: 'app.f(integer)' } },
  { privilege: 'execute', on: { kind: 'routine', name: 'public.f' } },
  { privilege: 'select', on: { kind: 'table', name: 'pg_catalog.pg_class' } },
  { privilege: 'select', on: { kind: 'column', name: 'public.nowhere.id' } },
];

/** What the server itself would say of it. */
export function asSql(user: string, { privilege, on: { kind, name } }: Need): string {
  const role = `'${user}'`;
  if (kind === 'column') {
    const at = name.lastIndexOf('.');
    const column = name.slice(at + 1).replaceAll('"', '');
    return `has_column_privilege(${role}, '${name.slice(0, at)}', '${column}', '${privilege}')`;
  }
  const plain = kind === 'schema' ? name.replaceAll('"', '') : name;
  return `has_${kind === 'routine' ? 'function' : kind}_privilege(${role}, '${plain}', '${privilege}')`;
}
