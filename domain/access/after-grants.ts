/**
 * Privileges inside of databases as they would be after the GRANT and REVOKE of a change. Of any other statement that could
 * decide about them nothing is told, and then nothing about its database is known.
 */
import type { GrantStmt, Node } from 'libpg-query';
import type { DatabaseCatalog, ObjectEntry } from '../catalog.ts';
import { type Grant, aclOf, parseAcl, printAcl, privilegeWords } from '../revert/sql/acl.ts';
import { nameOf } from './after-sql.ts';
import { nameKey, nameParts, spelled } from './sql-name.ts';

export interface CatalogsAfterwards {
  readonly catalogs: readonly DatabaseCatalog[];
  /** Database → why its privileges afterwards cannot be told. */
  readonly untold: ReadonlyMap<string, string>;
}

export function afterGrants(
  before: readonly DatabaseCatalog[],
  run: readonly { readonly database: string; readonly statement: Node }[],
  versionNum: number,
): CatalogsAfterwards {
  const catalogs = new Map(before.map((catalog) => [catalog.database, catalog]));
  const untold = new Map<string, string>();
  for (const { database, statement } of run) {
    const catalog = catalogs.get(database);
    const next = catalog === undefined ? null : after(catalog, statement, versionNum);
    if (next === null || catalog === undefined) {
      if (!untold.has(database))
        untold.set(database, `what ${Object.keys(statement)[0]} does there is not told beforehand`);
    } else catalogs.set(database, next);
  }
  return { catalogs: [...catalogs.values()], untold };
}

/** Decide about logins, or about what is yet to be made. */
const elsewhere = new Set([
  'AlterRoleStmt',
  'CreateRoleStmt',
  'GrantRoleStmt',
  'AlterDatabaseStmt',
  'AlterDefaultPrivilegesStmt',
]);

/** null: it cannot be told. */
function after(catalog: DatabaseCatalog, statement: Node, versionNum: number): DatabaseCatalog | null {
  if (elsewhere.has(Object.keys(statement)[0] ?? '')) return catalog;
  if (!('GrantStmt' in statement)) return null;
  const { objtype = '' } = statement.GrantStmt;
  if (objtype === 'OBJECT_DATABASE' || objtype === 'OBJECT_TABLESPACE' || objtype === 'OBJECT_PARAMETER_ACL')
    return catalog;
  const kind = kinds[objtype];
  return kind === undefined ? null : granted(catalog, statement.GrantStmt, kind, versionNum);
}

type Kind = 'table' | 'sequence' | 'schema';

const kinds: Readonly<Record<string, Kind>> = {
  OBJECT_TABLE: 'table',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_SCHEMA: 'schema',
};
const lettersOf = { table: 'arwdDxt', sequence: 'rwU', schema: 'UC' } as const;
const letterOf = new Map(Object.entries(privilegeWords).map(([letter, word]) => [word, letter]));
const relations: ReadonlySet<string> = new Set(['table', 'view', 'materialized view', 'foreign table']);

function granted(catalog: DatabaseCatalog, grant: GrantStmt, kind: Kind, versionNum: number): DatabaseCatalog | null {
  const targets = targetsOf(catalog, grant, kind);
  const grantees = (grant.grantees ?? []).map((one) => ('RoleSpec' in one ? nameOf(one.RoleSpec) : null));
  const privileges = (grant.privileges ?? []).flatMap((one) => ('AccessPriv' in one ? [one.AccessPriv] : []));
  const all = lettersOf[kind] + (kind === 'table' && versionNum >= 170000 ? 'm' : '');
  const words: { readonly letters: string; readonly columns: readonly string[] | null }[] =
    privileges.length === 0 ? [{ letters: all, columns: null }] : [];
  for (const { priv_name: name, cols } of privileges) {
    const letters = name === undefined ? 'arwx' : letterOf.get(name);
    if (letters === undefined) return null;
    const columns = cols?.flatMap((one) => ('String' in one ? [one.String.sval ?? ''] : [])) ?? null;
    words.push({ letters, columns });
  }
  if (targets === null || grantees.includes(null)) return null;
  const objects = new Map(catalog.objects.map((object) => [`${object.kind} ${nameKey(object.name)}`, object]));
  const put = (object: ObjectEntry): void => void objects.set(`${object.kind} ${nameKey(object.name)}`, object);
  for (const target of targets)
    for (const { letters, columns } of words) {
      const change = { grant, grantees: grantees.map((one) => one ?? ''), letters, grantor: target.owner };
      if (columns !== null) {
        for (const column of columns) put(changed(columnOf(target, column, objects), change));
        continue;
      }
      const now = objects.get(`${target.kind} ${nameKey(target.name)}`) ?? target;
      put(changed(now, change));
      // What is taken from a table is taken from its columns, too.
      if (grant.is_grant !== true)
        for (const one of objects.values())
          if (one.kind === 'column' && one.of !== undefined && nameKey(one.of) === nameKey(target.name))
            put(changed(one, change));
    }
  return { ...catalog, objects: [...objects.values()] };
}

function columnOf(table: ObjectEntry, column: string, objects: ReadonlyMap<string, ObjectEntry>): ObjectEntry {
  const name = `${table.name}.${spelled([column])}`;
  const none: ObjectEntry = {
    kind: 'column',
    name,
    of: table.name,
    column: spelled([column]),
    owner: '',
    acl: [],
    aclIsNull: true,
  };
  return objects.get(`column ${nameKey(name)}`) ?? none;
}

interface Change {
  readonly grant: GrantStmt;
  readonly grantees: readonly string[];
  readonly letters: string;
  /** Superusers and members grant as the owner. */
  readonly grantor: string;
}

function changed(object: ObjectEntry, { grant, grantees, letters, grantor }: Change): ObjectEntry {
  const { is_grant: isGrant = false, grant_option: option = false } = grant;
  const acl = aclOf(parseAcl(object.acl).values());
  for (const grantee of grantees)
    for (const privilege of letters) {
      const key = [...acl].find(([, had]) => isSame(had, { grantee, grantor, privilege }))?.[0];
      const had = key === undefined ? undefined : acl.get(key);
      if (isGrant) {
        const grantable = option || had?.grantable === true;
        acl.set(key ?? `${grantee}\0${grantor}\0${privilege}`, { grantee, grantor, privilege, grantable });
      } else if (key !== undefined && had !== undefined) {
        if (option) acl.set(key, { ...had, grantable: false });
        else acl.delete(key);
      }
    }
  return { ...object, acl: printAcl(acl), aclIsNull: false };
}

function isSame(one: Grant, other: Omit<Grant, 'grantable'>): boolean {
  return one.grantee === other.grantee && one.grantor === other.grantor && one.privilege === other.privilege;
}

/** null: one of them is not in the snapshot. */
function targetsOf({ objects }: DatabaseCatalog, grant: GrantStmt, kind: Kind): readonly ObjectEntry[] | null {
  const isKind = (object: ObjectEntry): boolean =>
    kind === 'table' ? relations.has(object.kind) || object.kind === 'sequence' : object.kind === kind;
  const names = (grant.objects ?? []).map((one) => {
    if ('String' in one) return spelled([one.String.sval ?? '']);
    if (!('RangeVar' in one)) return null;
    return spelled([one.RangeVar.schemaname ?? 'public', one.RangeVar.relname ?? '']);
  });
  if (grant.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
    const schemas = new Set(names.map((name) => nameKey(name ?? '')));
    return objects.filter((object) => {
      const isThis = kind === 'table' ? relations.has(object.kind) : object.kind === kind;
      return isThis && schemas.has(nameKey(spelled((nameParts(object.name) ?? []).slice(0, 1))));
    });
  }
  const found: ObjectEntry[] = [];
  for (const name of names) {
    const object = objects.find((one) => name !== null && isKind(one) && nameKey(one.name) === nameKey(name));
    if (object === undefined) return null;
    found.push(object);
  }
  return found;
}
