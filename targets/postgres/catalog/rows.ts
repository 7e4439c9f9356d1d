/** Rows of the catalog queries as entries of a snapshot, sorted. */
import type {
  DatabaseEntry,
  DefaultAclEntry,
  ExtensionEntry,
  MembershipEntry,
  ObjectEntry,
  PolicyEntry,
  RowSecurityEntry,
  SharedObjectEntry,
} from '../../../domain/catalog.ts';
import { byCodeUnit } from '../../../domain/snapshot/canonical.ts';
import { byKindAndName, byMembership, sameAcl } from '../../../domain/snapshot/catalog-order.ts';
import type { ParseAcl } from './acl.ts';
import { settledExpression } from './expression.ts';

/**
 * Kind, name, owner, ACL, whether it was NULL, initial ACL (null: nobody's but its owner's), whose it was at first if it was
 * given away since, then a routine's word or a column's table and name.
 */
export type ObjectRow = readonly [
  ObjectEntry['kind'],
  string,
  string,
  string,
  boolean,
  string | null,
  string | null,
  string?,
  string?,
];

/** Without what the system and extensions made and nobody changed. */
export function objectEntries(rows: readonly ObjectRow[], parse: ParseAcl): readonly ObjectEntry[] {
  const entries: ObjectEntry[] = [];
  for (const row of rows) {
    const initial = row[5] === null ? null : parse(row[5]);
    if (initial !== null && row[6] === null && sameAcl(parse(row[3]), initial)) continue;
    const entry = objectEntry(row, parse);
    const given = row[6] === null ? {} : { initialOwner: row[6] };
    entries.push(initial === null ? entry : { ...entry, initial, ...given });
  }
  return entries.sort(byKindAndName);
}

function objectEntry(
  [kind, name, owner, text, aclIsNull, , , more = '', column = '']: ObjectRow,
  parse: ParseAcl,
): ObjectEntry {
  const acl = parse(text);
  if (kind === 'routine')
    return { kind, name, owner, acl, aclIsNull, routine: more as NonNullable<ObjectEntry['routine']> };
  if (kind === 'column') return { kind, name, of: more, column, owner, acl, aclIsNull };
  return { kind, name, owner, acl, aclIsNull };
}

export type DefaultRow = readonly [string, string, DefaultAclEntry['on'], string];

export function defaultEntries(rows: readonly DefaultRow[], parse: ParseAcl): readonly DefaultAclEntry[] {
  return rows
    .map(([role, schema, on, acl]) => ({ role, schema, on, acl: parse(acl) }))
    .sort((a, b) => byCodeUnit(a.role, b.role) || byCodeUnit(a.schema, b.schema) || byCodeUnit(a.on, b.on));
}

type PolicyRow = readonly [string, boolean, PolicyEntry['command'], readonly string[], string | null, string | null];
export type RowSecurityRow = readonly [string, boolean, boolean, readonly PolicyRow[] | null];

export function rowSecurityEntries(rows: readonly RowSecurityRow[]): readonly RowSecurityEntry[] {
  return rows
    .map(([table, enabled, forced, policies]) => ({
      table,
      enabled,
      forced,
      policies: (policies ?? [])
        .map(([name, permissive, command, roles, using, check]) => ({
          name,
          permissive,
          command,
          roles: roles.toSorted(byCodeUnit),
          using: using === null ? null : settledExpression(using),
          check: check === null ? null : settledExpression(check),
        }))
        .sort((a, b) => byCodeUnit(a.name, b.name)),
    }))
    .sort((a, b) => byCodeUnit(a.table, b.table));
}

export type ExtensionRow = readonly [string, string, string];

export function extensionEntries(rows: readonly ExtensionRow[]): readonly ExtensionEntry[] {
  return rows.map(([name, version, schema]) => ({ name, version, schema })).sort((a, b) => byCodeUnit(a.name, b.name));
}

export type MembershipRow = readonly [string, string, string, boolean, boolean | null, boolean | null];

export function membershipEntries(rows: readonly MembershipRow[]): readonly MembershipEntry[] {
  return rows
    .map(([role, member, grantor, admin, inherit, set]) => ({ role, member, grantor, admin, inherit, set }))
    .sort(byMembership);
}

export type DatabaseRow = readonly [string, string, number, boolean, boolean, string, string, boolean];

export function databaseEntries(rows: readonly DatabaseRow[], parse: ParseAcl): readonly DatabaseEntry[] {
  return rows
    .map(([name, owner, connectionLimit, allowConnections, isTemplate, tablespace, acl, aclIsNull]) => ({
      name,
      owner,
      connectionLimit,
      allowConnections,
      isTemplate,
      tablespace,
      acl: parse(acl),
      aclIsNull,
    }))
    .sort((a, b) => byCodeUnit(a.name, b.name));
}

export type SharedRow = readonly [SharedObjectEntry['kind'], string, string, string, boolean];

export function sharedEntries(rows: readonly SharedRow[], parse: ParseAcl): readonly SharedObjectEntry[] {
  return rows
    .map(([kind, name, owner, acl, aclIsNull]) => ({ kind, name, owner, acl: parse(acl), aclIsNull }))
    .sort(byKindAndName);
}
