/** What a restore in part goes back to: the items that are meant as they were, everything else as it is now. */
import type { DatabaseCatalog, RowSecurityEntry } from '../catalog.ts';
import type { SqlSections } from '../revert/sql/plan.ts';
import {
  catalogKey,
  databaseKey,
  defaultKey,
  extensionKey,
  membershipKey,
  objectKey,
  policyKey,
  rowSecurityKey,
  sharedKey,
} from '../snapshot/keys.ts';
import type { Only } from './only.ts';

export function partOf(wanted: SqlSections, live: SqlSections, only: Only): SqlSections {
  const now = new Map(live.catalogs.map((catalog) => [catalog.database, catalog]));
  return {
    server: wanted.server,
    roles: mixed(wanted.roles, live.roles, ({ name }) => only(`role:${name}`)),
    memberships: mixed(wanted.memberships, live.memberships, (entry) => only(membershipKey(entry))),
    databases: mixed(wanted.databases, live.databases, (entry) => only(databaseKey(entry))),
    shared: mixed(wanted.shared, live.shared, (entry) => only(sharedKey(entry))),
    catalogs: wanted.catalogs.map((catalog) => partOfDatabase(catalog, now.get(catalog.database), only)),
  };
}

function mixed<T>(wanted: readonly T[], live: readonly T[], isMeant: (entry: T) => boolean): readonly T[] {
  return [...live.filter((entry) => !isMeant(entry)), ...wanted.filter(isMeant)];
}

function partOfDatabase(wanted: DatabaseCatalog, live: DatabaseCatalog | undefined, only: Only): DatabaseCatalog {
  const { database } = wanted;
  if (live === undefined || wanted.unread !== null) return wanted;
  if (live.unread !== null) return only(catalogKey(database)) ? wanted : live;
  return {
    database,
    unread: null,
    objects: mixed(wanted.objects, live.objects, (entry) => only(objectKey(database, entry))),
    defaults: mixed(wanted.defaults, live.defaults, (entry) => only(defaultKey(database, entry))),
    rowSecurity: partOfRowSecurity(database, wanted.rowSecurity, live.rowSecurity, only),
    extensions: mixed(wanted.extensions, live.extensions, (entry) => only(extensionKey(database, entry))),
  };
}

function partOfRowSecurity(
  database: string,
  wanted: readonly RowSecurityEntry[],
  live: readonly RowSecurityEntry[],
  only: Only,
): readonly RowSecurityEntry[] {
  const [was, is] = [byTable(wanted), byTable(live)];
  return [...new Set([...was.keys(), ...is.keys()])].map((table) => {
    const [old, now] = [was.get(table), is.get(table)];
    const flags = only(rowSecurityKey(database, { table })) ? old : now;
    const isMeant = (policy: RowSecurityEntry['policies'][number]): boolean => only(policyKey(database, table, policy));
    return {
      table,
      enabled: flags?.enabled ?? false,
      forced: flags?.forced ?? false,
      policies: mixed(old?.policies ?? [], now?.policies ?? [], isMeant),
    };
  });
}

function byTable(entries: readonly RowSecurityEntry[]): ReadonlyMap<string, RowSecurityEntry> {
  return new Map(entries.map((entry) => [entry.table, entry]));
}
