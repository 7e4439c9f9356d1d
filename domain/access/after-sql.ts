/**
 * Roles, memberships and databases as they would be after the SQL of a change: what decides a login and can be told from the
 * statements alone. What cannot be told is said, and then nobody's login afterwards is known.
 */
import type { AlterOwnerStmt, DefElem, GrantRoleStmt, GrantStmt, Node, RoleSpec } from 'libpg-query';
import type { DatabaseEntry, MembershipEntry } from '../catalog.ts';
import { aclOf, parseAcl, printAcl, underOwner } from '../revert/sql/acl.ts';
import type { RoleEntry } from '../snapshot.ts';
import { newRole } from '../snapshot/new-role.ts';
import type { People } from './world.ts';

export interface Afterwards extends People {
  /** Why logins afterwards cannot be told; null: they can. */
  readonly untold: string | null;
}

export function afterSql(people: People, statements: readonly Node[], versionNum: number): Afterwards {
  let now: Afterwards = { ...people, untold: null };
  for (const statement of statements) {
    const next = after(now, statement, versionNum);
    now = 'untold' in next ? { ...now, untold: now.untold ?? next.untold } : { ...now, ...next };
  }
  return now;
}

type Step = Partial<People> | { readonly untold: string };

/** `{}`: it decides no login. */
function after(people: People, statement: Node, versionNum: number): Step {
  if ('AlterRoleStmt' in statement) {
    const { role, options } = statement.AlterRoleStmt;
    return changeRole(people, nameOf(role), elementsOf(options));
  }
  if ('CreateRoleStmt' in statement) {
    const { role = '', options, stmt_type } = statement.CreateRoleStmt;
    const entry = newRole(role, { login: stmt_type === 'ROLESTMT_USER' });
    return changeRole({ ...people, roles: [...people.roles, entry] }, role, elementsOf(options));
  }
  if ('GrantRoleStmt' in statement) return changeMemberships(people, statement.GrantRoleStmt, versionNum >= 160000);
  if ('GrantStmt' in statement && statement.GrantStmt.objtype === 'OBJECT_DATABASE')
    return changeDatabaseGrants(people, statement.GrantStmt);
  if ('AlterDatabaseStmt' in statement) {
    const { dbname = '', options } = statement.AlterDatabaseStmt;
    return changeDatabase(people, dbname, elementsOf(options));
  }
  if ('AlterOwnerStmt' in statement && statement.AlterOwnerStmt.objectType === 'OBJECT_DATABASE')
    return changeOwner(people, statement.AlterOwnerStmt);
  return {};
}

function changeRole(people: People, name: string | null, elements: readonly DefElem[]): Step {
  if (name === null) return { untold: 'a statement names a role by who runs it' };
  const fields: { -readonly [field in keyof RoleEntry]?: RoleEntry[field] } = {};
  for (const element of elements) {
    const [is, number, text] = [booleanOf(element), numberOf(element), textOf(element)];
    switch (element.defname) {
      case 'canlogin':
        fields.login = is;
        break;
      case 'superuser':
        fields.superuser = is;
        break;
      case 'inherit':
        fields.inherit = is;
        break;
      case 'isreplication':
        fields.replication = is;
        break;
      case 'connectionlimit':
        fields.connectionLimit = number;
        break;
      case 'validUntil':
        fields.validUntil = untilIn(text);
        break;
      case 'password':
        // What is stored then is not told here: of this one role nothing is known.
        fields.verifier = element.arg === undefined ? null : 'unreadable';
        break;
      case 'createrole':
      case 'createdb':
      case 'bypassrls':
        break;
      default:
        return { untold: `what ${element.defname ?? 'an option'} of role ${name} decides is not told beforehand` };
    }
  }
  return { roles: people.roles.map((role) => (role.name === name ? { ...role, ...fields } : role)) };
}

/** As a snapshot has it; anything that is no plain date of UTC stays one that nobody can tell. */
function untilIn(text: string): string | null {
  if (text === 'infinity' || text === '-infinity') return text === 'infinity' ? null : text;
  const [, date, time = '00:00:00'] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?(?:Z|\+00)$/.exec(text) ?? [];
  return date === undefined ? `(${text})` : `${date}T${time}.000000Z`;
}

function changeMemberships(people: People, grant: GrantRoleStmt, hasOptions: boolean): Step {
  const roles = (grant.granted_roles ?? []).flatMap((one) =>
    'AccessPriv' in one ? [one.AccessPriv.priv_name ?? ''] : [],
  );
  const members = (grant.grantee_roles ?? []).map((one) => ('RoleSpec' in one ? nameOf(one.RoleSpec) : null));
  const options = elementsOf(grant.opt);
  let { memberships } = people;
  for (const member of members) {
    if (member === null) return { untold: 'a statement names a role by who runs it' };
    for (const role of roles) {
      const had = memberships.filter((one) => one.role === role && one.member === member);
      const rest = memberships.filter((one) => !had.includes(one));
      if (grant.is_grant === true)
        memberships = [...rest, granted(people, hasOptions, had[0] ?? { role, member }, options)];
      // Taking back an option leaves the membership.
      else if (options.length === 0) {
        if (had.length > 1) return { untold: `${member} is a member of ${role} by several grantors` };
        memberships = rest;
      } else memberships = [...rest, ...had.map((one) => without(one, options))];
    }
  }
  return { memberships };
}

/** Before 16 a membership has no options but ADMIN, and the member's own INHERIT decides. */
function granted(
  people: People,
  hasOptions: boolean,
  had: Pick<MembershipEntry, 'role' | 'member'> & Partial<MembershipEntry>,
  options: readonly DefElem[],
): MembershipEntry {
  const option = (name: string): boolean | undefined => {
    const element = options.find(({ defname }) => defname === name);
    return element === undefined ? undefined : booleanOf(element);
  };
  const inherits = people.roles.find(({ name }) => name === had.member)?.inherit ?? true;
  return {
    role: had.role,
    member: had.member,
    grantor: had.grantor ?? '',
    admin: option('admin') ?? had.admin ?? false,
    inherit: hasOptions ? (option('inherit') ?? had.inherit ?? inherits) : null,
    set: hasOptions ? (option('set') ?? had.set ?? true) : null,
  };
}

function without(had: MembershipEntry, options: readonly DefElem[]): MembershipEntry {
  const names = new Set(options.map(({ defname }) => defname));
  return {
    ...had,
    admin: names.has('admin') ? false : had.admin,
    inherit: names.has('inherit') ? false : had.inherit,
    set: names.has('set') ? false : had.set,
  };
}

function changeDatabaseGrants(people: People, grant: GrantStmt): Step {
  const names = (grant.objects ?? []).flatMap((one) => ('String' in one ? [one.String.sval ?? ''] : []));
  const privileges = (grant.privileges ?? []).flatMap((one) =>
    'AccessPriv' in one ? [one.AccessPriv.priv_name ?? ''] : [],
  );
  const grantees = (grant.grantees ?? []).map((one) => ('RoleSpec' in one ? nameOf(one.RoleSpec) : null));
  if (grantees.includes(null)) return { untold: 'a statement names a role by who runs it' };
  if (privileges.length > 0 && !privileges.includes('connect')) return {};
  if (grant.is_grant !== true && grant.grant_option === true) return {};
  const databases = people.databases.map((database): DatabaseEntry => {
    if (!names.includes(database.name)) return database;
    const { acl, owner: grantor } = database;
    const rest = [...parseAcl(acl).values()].filter(
      (one) => one.privilege !== 'c' || one.grantor !== grantor || !grantees.includes(one.grantee),
    );
    const added = grantees.map((one) => ({ grantee: one ?? '', grantor, privilege: 'c', grantable: false }));
    return { ...database, acl: printAcl(aclOf(grant.is_grant === true ? [...rest, ...added] : rest)) };
  });
  return { databases };
}

function changeOwner(people: People, { object, newowner }: AlterOwnerStmt): Step {
  const name = object !== undefined && 'String' in object ? object.String.sval : undefined;
  const owner = nameOf(newowner);
  if (owner === null) return { untold: 'a statement names a role by who runs it' };
  const databases = people.databases.map((one): DatabaseEntry => {
    if (one.name !== name) return one;
    return { ...one, owner, acl: printAcl(underOwner(parseAcl(one.acl), one.owner, owner)) };
  });
  return { databases };
}

function changeDatabase(people: People, name: string, elements: readonly DefElem[]): Step {
  const fields: { -readonly [field in keyof DatabaseEntry]?: DatabaseEntry[field] } = {};
  for (const element of elements) {
    if (element.defname === 'allow_connections') fields.allowConnections = booleanOf(element);
    if (element.defname === 'connection_limit') fields.connectionLimit = numberOf(element);
  }
  return { databases: people.databases.map((one) => (one.name === name ? { ...one, ...fields } : one)) };
}

/** '' is PUBLIC; null: only whoever runs it knows. */
export function nameOf(role: RoleSpec | undefined): string | null {
  if (role?.roletype === 'ROLESPEC_PUBLIC') return '';
  return role?.roletype === 'ROLESPEC_CSTRING' ? (role.rolename ?? null) : null;
}

function elementsOf(options: readonly Node[] = []): readonly DefElem[] {
  return options.flatMap((option) => ('DefElem' in option ? [option.DefElem] : []));
}

/** An option without a value is on. */
function booleanOf({ arg }: DefElem): boolean {
  if (arg === undefined) return true;
  if ('Boolean' in arg) return arg.Boolean.boolval === true;
  if ('Integer' in arg) return (arg.Integer.ival ?? 0) !== 0;
  return 'String' in arg && /^(true|on|yes|1)$/i.test(arg.String.sval ?? '');
}

function numberOf({ arg }: DefElem): number {
  return arg !== undefined && 'Integer' in arg ? (arg.Integer.ival ?? 0) : -1;
}

function textOf({ arg }: DefElem): string {
  return arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : '';
}
