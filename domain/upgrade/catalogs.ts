/** Roles, memberships and grants of the old server as the new version spells them: by name, never more than there was. */
import type { AclItem, DatabaseCatalog, MembershipEntry, ObjectEntry } from '../catalog.ts';
import type { RoleEntry, Sections } from '../snapshot.ts';

type SqlSections = Pick<Sections, 'roles' | 'memberships' | 'databases' | 'shared' | 'catalogs'>;

interface Versions {
  readonly from: number;
  readonly to: number;
}

/** `after`: what the new server has, right after the upgrade. What only it has stays: nothing was there to go back to. */
export function translateCatalogs(before: SqlSections, after: SqlSections, versions: Versions): SqlSections {
  const names = new Set(before.roles.map(({ name }) => name));
  return {
    roles: [...before.roles, ...after.roles.filter(({ name }) => !names.has(name))],
    memberships: before.memberships.map((membership) => translateMembership(membership, before.roles, versions)),
    databases: [...before.databases, ...after.databases.filter(isNew(before.databases, ({ name }) => name))],
    shared: [...before.shared, ...after.shared.filter(isNew(before.shared, ({ kind, name }) => `${kind} ${name}`))],
    catalogs: before.catalogs.map((catalog) =>
      translateCatalog(
        catalog,
        after.catalogs.find(({ database }) => database === catalog.database),
        versions,
      ),
    ),
  };
}

function isNew<T>(known: readonly T[], key: (entry: T) => string): (entry: T) => boolean {
  const keys = new Set(known.map(key));
  return (entry) => !keys.has(key(entry));
}

/** Since 16 each membership says what the member's own INHERIT said before. */
function translateMembership(
  membership: MembershipEntry,
  roles: readonly RoleEntry[],
  { to }: Versions,
): MembershipEntry {
  if (to < 16 || membership.inherit !== null) return membership;
  const member = roles.find(({ name }) => name === membership.member);
  return { ...membership, inherit: member?.inherit ?? true, set: true };
}

function translateCatalog(
  catalog: DatabaseCatalog,
  after: DatabaseCatalog | undefined,
  versions: Versions,
): DatabaseCatalog {
  if (after === undefined || after.unread !== null || catalog.unread !== null) return catalog;
  const live = new Map(after.extensions.map((extension) => [extension.name, extension]));
  const there = new Set(after.objects.map(keyOf));
  return {
    ...catalog,
    // What the new server does not list is as the system made it, or was not copied: grants bring back neither.
    objects: [
      ...catalog.objects.filter((entry) => there.has(keyOf(entry))).map((entry) => translateObject(entry, versions)),
      ...after.objects.filter(isNew(catalog.objects, keyOf)),
    ],
    defaults: catalog.defaults.map((entry) =>
      entry.on === 'tables' ? { ...entry, acl: entry.acl.map((item) => withMaintain(item, versions)) } : entry,
    ),
    // Their versions belong to the engine.
    extensions: catalog.extensions.map((extension) => live.get(extension.name) ?? extension),
  };
}

const keyOf = ({ kind, name }: ObjectEntry): string => `${kind} ${name}`;

const maintained: ReadonlySet<string> = new Set(['table', 'view', 'materialized view', 'foreign table']);

function translateObject(entry: ObjectEntry, versions: Versions): ObjectEntry {
  if (!maintained.has(entry.kind)) return entry;
  return { ...entry, acl: entry.acl.map((item) => withMaintain(item, versions)) };
}

/** All that there was on a table is all that there is: 17 adds MAINTAIN, and so does GRANT ALL in what pg_dump writes. */
export function withMaintain(item: AclItem, { from, to }: Versions): AclItem {
  if (from >= 17 || to < 17) return item;
  const all = /^(.*=)a(\*?)r\2w\2d\2D\2x\2t\2(\/.*)$/s.exec(item);
  return all === null
    ? item
    : `${all[1]}a${all[2]}r${all[2]}w${all[2]}d${all[2]}D${all[2]}x${all[2]}t${all[2]}m${all[2]}${all[3]}`;
}
