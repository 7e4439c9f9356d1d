/** What differs inside databases: privileges and owners of objects, default privileges, row security, extensions. */
import type { DatabaseCatalog, DefaultAclEntry, ExtensionEntry, ObjectEntry } from '../catalog.ts';
import type { Sections } from '../snapshot.ts';
import { aclWords } from './acl-words.ts';
import { byCodeUnit } from './canonical.ts';
import { byKindAndName, sameAcl } from './catalog-order.ts';
import { type DiffItem, fromTo, item } from './diff-item.ts';
import { diffRowSecurity } from './diff-row-security.ts';
import { differences, ownedWords } from './diff-shared.ts';
import { catalogKey, defaultKey, extensionKey, objectKey } from './keys.ts';

/** A database that came or went is one difference, in its own section; what it holds is not told one by one. */
export function diffCatalogs(a: Sections, b: Sections): readonly DiffItem[] {
  const before = new Map(a.catalogs.map((catalog) => [catalog.database, catalog]));
  return b.catalogs.flatMap((to) => {
    const from = before.get(to.database);
    return from === undefined ? [] : diffDatabase(from, to);
  });
}

function diffDatabase(from: DatabaseCatalog, to: DatabaseCatalog): readonly DiffItem[] {
  const { database } = to;
  if (from.unread !== null || to.unread !== null) {
    const said = to.unread === null ? 'could not be read before, and can be now' : `could not be read: ${to.unread}`;
    return from.unread === to.unread
      ? []
      : [item('catalogs', catalogKey(database), 'changed', `privileges in ${database}: ${said}`)];
  }
  return [
    ...differences(from.objects, to.objects, byKindAndName, (x, y, either) => objectItem(database, x, y, either)),
    ...differences(from.defaults, to.defaults, byDefault, (x, y, either) => defaultItem(database, x, y, either)),
    ...diffRowSecurity(database, from.rowSecurity, to.rowSecurity),
    ...differences(from.extensions, to.extensions, byName, (x, y, either) => extensionItem(database, x, y, either)),
  ];
}

/** A column has an entry only with privileges of its own, and what the system made only with others than at first. */
function objectItem(
  database: string,
  from: ObjectEntry | null,
  to: ObjectEntry | null,
  either: ObjectEntry,
): DiffItem | null {
  if (from !== null && to !== null && from.owner === to.owner && sameAcl(from.acl, to.acl)) return null;
  const what = `${either.routine ?? either.kind} ${either.name} in ${database}`;
  const say = (kind: DiffItem['kind'], said: string): DiffItem =>
    item('catalogs', objectKey(database, either), kind, `${what}: ${said}`);
  const absent = either.kind === 'column' ? [] : either.initial;
  if (from === null && absent === undefined) return say('added', `added, owner ${either.owner}`);
  if (to === null && absent === undefined) return say('removed', 'removed');
  const unlisted = { owner: either.owner, acl: either.initial ?? [] };
  const changed = ownedWords(from ?? unlisted, to ?? unlisted);
  return say('changed', changed.length === 0 ? 'privileges' : changed.join('; '));
}

function byDefault(a: DefaultAclEntry, b: DefaultAclEntry): number {
  return byCodeUnit(a.role, b.role) || byCodeUnit(a.schema, b.schema) || byCodeUnit(a.on, b.on);
}

function defaultItem(
  database: string,
  from: DefaultAclEntry | null,
  to: DefaultAclEntry | null,
  either: DefaultAclEntry,
): DiffItem | null {
  if (from !== null && to !== null && sameAcl(from.acl, to.acl)) return null;
  const { role, schema, on } = either;
  const what = `default privileges of ${role} on ${on}${schema === '' ? '' : ` of schema ${schema}`} in ${database}`;
  const words = aclWords(from?.acl ?? builtIn(either), to?.acl ?? builtIn(either));
  const kind = from === null ? 'added' : to === null ? 'removed' : 'changed';
  return item('catalogs', defaultKey(database, either), kind, `${what}: ${words === '' ? kind : words}`);
}

/** What holds without an entry: nothing of its own in a schema; else everything for the role, and some for PUBLIC. */
function builtIn({ role, schema, on, acl }: DefaultAclEntry): readonly string[] {
  if (schema !== '') return [];
  const own = acl.filter((entry) => !entry.startsWith('=') && entry.split('=')[0] === entry.split('/').at(-1));
  const grantor = own[0]?.split('/').at(-1) ?? role;
  if (on === 'routines') return [...own, `=X/${grantor}`];
  return on === 'types' ? [...own, `=U/${grantor}`] : own;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return byCodeUnit(a.name, b.name);
}

function extensionItem(
  database: string,
  from: ExtensionEntry | null,
  to: ExtensionEntry | null,
  either: ExtensionEntry,
): DiffItem | null {
  const say = (kind: DiffItem['kind'], said: string): DiffItem =>
    item('catalogs', extensionKey(database, either), kind, `extension ${either.name} in ${database}: ${said}`);
  if (from === null) return say('added', `added, version ${either.version}`);
  if (to === null) return say('removed', `removed, it was version ${either.version}`);
  const changed = [...fromTo('version', from.version, to.version), ...fromTo('schema', from.schema, to.schema)];
  return changed.length === 0 ? null : say('changed', changed.join(', '));
}
