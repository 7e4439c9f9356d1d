/** What a role may put back by SQL, section by section, and what it lacks for the rest. Pure. */
import { parseAcl } from '../revert/sql/acl.ts';
import { quoteName } from '../revert/sql/quote.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import type { Sections } from '../snapshot.ts';
import type { Privilege } from './privilege.ts';

export interface Restorable {
  /** `privileges of objects in all databases`. */
  readonly what: string;
  /** For whom the role may not act. This and `besides` empty: all of it can be put back. */
  readonly lacking: readonly string[];
  /** What else stands in the way, a sentence each. */
  readonly besides: readonly string[];
  readonly privileges: readonly Privilege[];
}

/** What a role has by now. */
export interface Held {
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly user: string;
  /** Roles as which it may act. */
  readonly actsAs: ReadonlySet<string>;
  /** Roles of which it has the ADMIN option. */
  readonly admins: ReadonlySet<string>;
}

/** A role that was made a moment ago, and is a member of another one. */
export function heldByNew(user: string, memberOf: string): Held {
  return {
    superuser: false,
    createRole: false,
    createDb: false,
    user,
    actsAs: new Set([user, memberOf]),
    admins: new Set(),
  };
}

export function restorables(sections: Sections, held: Held): readonly Restorable[] {
  const ownedBy = (what: string, owners: ReadonlySet<string>): Restorable => owned(what, owners, sections, held);
  return [
    roles(sections, held),
    withCreateDb(ownedBy('databases: owner, limits and privileges', ownersOfDatabases(sections)), held),
    withCreators(
      ownedBy('privileges, owners, default privileges and row security in every database', ownersOfObjects(sections)),
      sections,
      held,
    ),
    ownedBy('privileges of tablespaces and parameters', ownersOfShared(sections)),
  ];
}

/** Attributes, passwords, settings and memberships. */
function roles({ roles: all, memberships, server }: Sections, held: Held): Restorable {
  const what = 'roles: attributes, passwords, settings, memberships';
  const { superuser, createRole, user, actsAs, admins } = held;
  if (superuser) return { what, lacking: [], besides: [], privileges: [] };
  const needsAdmin = server.versionNum >= 160_000;
  const others = all.filter(({ name }) => name !== '' && name !== user);
  // Before 16, whoever may replicate is as far above as a superuser.
  const greater = others.filter((role) => role.superuser || (role.replication && !needsAdmin));
  const rest = others.filter((role) => !greater.includes(role) && !(needsAdmin && admins.has(role.name)));
  const lesser = createRole && !needsAdmin ? [] : rest;
  // A membership is granted again as the one who granted it: before 16 only a superuser can, for somebody else.
  const grantors = memberships
    .map(({ grantor }) => grantor)
    .filter((name) => name !== '' && (needsAdmin ? !actsAs.has(name) : name !== user));
  const above = [...new Set([...greater.map(({ name }) => name), ...grantors])];
  const special = others
    .filter((role) => !greater.includes(role) && (role.replication || role.bypassRls))
    .map(({ name }) => quoteName(name));
  const why = 'attributes, passwords, settings and members of roles';
  return {
    what,
    lacking: [...new Set([...above, ...lesser.map(({ name }) => name)])],
    besides:
      special.length === 0 ? [] : [`REPLICATION and BYPASSRLS only a superuser gives back: ${special.join(', ')}.`],
    privileges: [
      ...(createRole ? [] : [{ kind: 'attribute', what: 'createrole', why } as const]),
      ...(needsAdmin
        ? lesser.map(
            ({ name }) => ({ kind: 'member', of: name, admin: true, acts: actsAs.has(name), why: '' }) as const,
          )
        : []),
      ...(above.length > 0 ? [superuserOnly(above)] : []),
      ...(special.length > 0
        ? [impossible(`only a superuser gives REPLICATION and BYPASSRLS back to ${special.join(', ')}`)]
        : []),
    ],
  };
}

function owned(what: string, owners: ReadonlySet<string>, { roles: all }: Sections, held: Held): Restorable {
  const { superuser, actsAs } = held;
  if (superuser) return { what, lacking: [], besides: [], privileges: [] };
  const supers = superusers({ roles: all });
  const lacking = [...owners].filter((name) => !actsAs.has(name)).sort(byCodeUnit);
  const greater = lacking.filter((name) => supers.has(name));
  return {
    what,
    lacking,
    besides: [],
    privileges: [
      ...lacking
        .filter((name) => !supers.has(name))
        .map((name) => ({ kind: 'member', of: name, admin: false, acts: true, why: what }) as const),
      ...(greater.length > 0 ? [superuserOnly(greater)] : []),
    ],
  };
}

/** Giving a database to somebody takes as much as making one. */
function withCreateDb(found: Restorable, { superuser, createDb }: Held): Restorable {
  if (superuser || createDb) return found;
  const why = 'to give a database back to its owner takes what making one takes';
  return {
    ...found,
    besides: ['To give a database back to its owner takes CREATEDB.'],
    privileges: [...found.privileges, { kind: 'attribute', what: 'createdb', why }],
  };
}

/** Only a superuser gives an object to somebody who may not create in its schema. */
function withCreators(found: Restorable, sections: Sections, { superuser }: Held): Restorable {
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
    privileges: [
      ...found.privileges,
      ...besides.map((why) => impossible(`only a superuser gives things there back: ${why}`)),
    ],
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

/** Power over everything is never handed out by a script. */
function superuserOnly(names: readonly string[]): Privilege {
  return impossible(
    `only a superuser may put back what belongs to ${names.map(quoteName).join(', ')}, or was granted by them`,
  );
}

function impossible(why: string): Privilege {
  return { kind: 'impossible', why };
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
