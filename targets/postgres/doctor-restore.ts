/** What the agent's role may put back by SQL, section by section, and the grants that are missing for the rest. */
import { parseAcl } from '../../domain/revert/sql/acl.ts';
import { quoteName } from '../../domain/revert/sql/quote.ts';
import type { Sections } from '../../domain/snapshot.ts';
import type { Session } from './sql-channel.ts';

export interface Restorable {
  /** `privileges of objects in all databases`. */
  readonly what: string;
  /** For whom the role may not act. This and `besides` empty: all of it can be put back. */
  readonly lacking: readonly string[];
  /** What else stands in the way, a sentence each. */
  readonly besides: readonly string[];
  readonly sql: readonly string[];
}

interface Power {
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly user: string;
}

const powerQuery = `
  select rolsuper as superuser, rolcreaterole as "createRole", rolcreatedb as "createDb",
    rolname as "user"
  from pg_catalog.pg_roles where rolname = current_user`;

/** From 16 on a membership may be without the right to act as the role. */
const actsAsQuery = (versionNum: number): string => `
  select rolname as name from pg_catalog.pg_roles
  where pg_catalog.pg_has_role(current_user, oid, '${versionNum >= 160_000 ? 'SET' : 'MEMBER'}')`;

const adminsQuery = `
  select r.rolname as name from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid
  where m.admin_option and pg_catalog.pg_has_role(current_user, m.member, 'USAGE')`;

export async function restorables(session: Session, sections: Sections): Promise<readonly Restorable[]> {
  const { versionNum } = sections.server;
  const [power] = await session.rows<Power & Record<string, unknown>>(powerQuery);
  if (power === undefined) throw new TypeError('the power query gave no row');
  const names = async (sql: string): Promise<ReadonlySet<string>> =>
    new Set((await session.rows<{ name: string }>(sql)).map(({ name }) => name));
  const [actsAs, admins] = [await names(actsAsQuery(versionNum)), await names(adminsQuery)];
  const ownedBy = (what: string, owners: ReadonlySet<string>): Restorable =>
    owned(what, owners, sections, power, actsAs);
  return [
    roles(sections, power, admins, actsAs),
    withCreateDb(ownedBy('databases: owner, limits and privileges', ownersOfDatabases(sections)), power),
    withCreators(
      ownedBy('privileges, owners, default privileges and row security in every database', ownersOfObjects(sections)),
      sections,
      power,
    ),
    ownedBy('privileges of tablespaces and parameters', ownersOfShared(sections)),
  ];
}

/** Attributes, passwords, settings and memberships. */
function roles(
  { roles: all, memberships, server }: Sections,
  power: Power,
  admins: ReadonlySet<string>,
  actsAs: ReadonlySet<string>,
): Restorable {
  const what = 'roles: attributes, passwords, settings, memberships';
  const { superuser, createRole, user } = power;
  if (superuser) return { what, lacking: [], besides: [], sql: [] };
  const others = all.filter(({ name }) => name !== '' && name !== user);
  // Whoever changes them must have what they have.
  const greater = others.filter((role) => role.superuser || role.replication || role.bypassRls);
  const rest = others.filter(
    (role) => !greater.includes(role) && !(server.versionNum >= 160_000 && admins.has(role.name)),
  );
  const needsAdmin = server.versionNum >= 160_000;
  const lesser = createRole && !needsAdmin ? [] : rest;
  // From 16 on a membership is taken back as the one who granted it.
  const grantors = needsAdmin ? memberships.map(({ grantor }) => grantor).filter((name) => !actsAs.has(name)) : [];
  const above = [...new Set([...greater.map(({ name }) => name), ...grantors])];
  const to = quoteName(user);
  return {
    what,
    lacking: [...new Set([...above, ...lesser.map(({ name }) => name)])],
    besides: [],
    sql: [
      ...(createRole ? [] : [`alter role ${to} createrole`]),
      ...(needsAdmin ? lesser.map(({ name }) => `grant ${quoteName(name)} to ${to} with admin option`) : []),
      ...(above.length > 0 ? [superuserOnly(to, above)] : []),
    ],
  };
}

function owned(
  what: string,
  owners: ReadonlySet<string>,
  { roles: all }: Sections,
  { superuser, user }: Power,
  actsAs: ReadonlySet<string>,
): Restorable {
  if (superuser) return { what, lacking: [], besides: [], sql: [] };
  const supers = superusers({ roles: all });
  const lacking = [...owners].filter((name) => !actsAs.has(name)).sort();
  const greater = lacking.filter((name) => supers.has(name));
  const to = quoteName(user);
  return {
    what,
    lacking,
    besides: [],
    sql: [
      ...lacking.filter((name) => !supers.has(name)).map((name) => `grant ${quoteName(name)} to ${to}`),
      ...(greater.length > 0 ? [superuserOnly(to, greater)] : []),
    ],
  };
}

/** Giving a database to somebody takes as much as making one. */
function withCreateDb(found: Restorable, { superuser, createDb, user }: Power): Restorable {
  if (superuser || createDb) return found;
  return {
    ...found,
    besides: ['To give a database back to its owner takes CREATEDB.'],
    sql: [...found.sql, `alter role ${quoteName(user)} createdb`],
  };
}

/** Only a superuser gives an object to somebody who may not create in its schema. */
function withCreators(found: Restorable, sections: Sections, { superuser }: Power): Restorable {
  if (superuser) return found;
  const supers = superusers(sections);
  const besides = sections.catalogs.flatMap(({ database, objects }) =>
    objects
      .filter(({ kind }) => kind === 'schema')
      .flatMap((schema) => {
        const may = new Set([schema.owner, ...creators(schema)]);
        const owners = objects.filter(({ name, kind }) => kind !== 'column' && name.startsWith(`${schema.name}.`));
        return [...new Set(owners.map(({ owner }) => owner))]
          .filter((owner) => !supers.has(owner))
          .filter((owner) => ![...rolesOf(owner, database, sections)].some((role) => may.has(role)))
          .map((owner) => `${quoteName(owner)} may not create in schema ${schema.name} of database ${database}`);
      }),
  );
  if (besides.length === 0) return found;
  return {
    ...found,
    besides: [
      `An object whose owner changes is not given back where that owner may not create: ${besides.join(', ')}.`,
    ],
    sql: [...found.sql, ...besides.map((why) => `-- only a superuser gives things there back: ${why}`)],
  };
}

function creators({ acl }: { readonly acl: readonly string[] }): readonly string[] {
  return [...parseAcl(acl).values()].filter(({ privilege }) => privilege === 'C').map(({ grantee }) => grantee);
}

/** Itself, PUBLIC, and what it has by memberships. */
function rolesOf(name: string, database: string, { memberships, databases }: Sections): ReadonlySet<string> {
  const all = new Set([name, '']);
  for (const role of all) {
    for (const one of memberships) if (one.member === role && one.inherit !== false) all.add(one.role);
    if (databases.some((one) => one.name === database && one.owner === role)) all.add('pg_database_owner');
  }
  return all;
}

function superusers({ roles: all }: Pick<Sections, 'roles'>): ReadonlySet<string> {
  return new Set(all.filter(({ superuser }) => superuser).map(({ name }) => name));
}

/** Power over everything is never handed out by copying a script: a comment, to be decided about. */
function superuserOnly(to: string, names: readonly string[]): string {
  return `-- only a superuser may put back what belongs to ${names.map(quoteName).join(', ')}, or was granted so: alter role ${to} superuser`;
}

function ownersOfDatabases({ databases }: Sections): ReadonlySet<string> {
  return new Set(
    databases
      .filter(({ allowConnections }) => allowConnections)
      .flatMap(({ owner, acl }) => [owner, ...grantorsOf(acl)])
      .filter(isOwn),
  );
}

function ownersOfObjects({ catalogs }: Sections): ReadonlySet<string> {
  return new Set(
    catalogs
      .flatMap(({ objects, defaults, rowSecurity }) => [
        ...objects.flatMap(({ owner, acl }) => [owner, ...grantorsOf(acl)]),
        ...defaults.map(({ role }) => role),
        ...rowSecurity.flatMap(({ table }) => objects.filter(({ name }) => name === table).map(({ owner }) => owner)),
      ])
      .filter(isOwn),
  );
}

function ownersOfShared({ shared }: Sections): ReadonlySet<string> {
  return new Set(shared.flatMap(({ owner, acl }) => [owner, ...grantorsOf(acl)]).filter(isOwn));
}

function grantorsOf(acl: readonly string[]): readonly string[] {
  return [...parseAcl(acl).values()].map(({ grantor }) => grantor);
}

/** `pg_database_owner` is whoever owns the database; '' is nobody. */
function isOwn(name: string): boolean {
  return name !== '' && !name.startsWith('pg_');
}
