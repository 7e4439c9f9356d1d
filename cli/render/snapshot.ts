/** One snapshot, and the difference of two, for people. Pure; snapshots are redacted when they are taken. */
import type { DatabaseCatalog, DatabaseEntry } from '../../domain/catalog.ts';
import type { DiffItem } from '../../domain/snapshot/diff.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { Sections, Snapshot } from '../../domain/snapshot.ts';
import { columns } from './text.ts';

/** Snapshots of older releases end with the roles. */
const notRead = { memberships: [], databases: [], shared: [], catalogs: [] } satisfies Partial<Sections>;

export function renderSnapshot({ id, sections }: Snapshot): string {
  const { server, files, settings, roles } = sections;
  const { memberships, databases, shared, catalogs } = { ...notRead, ...sections };
  const set = settings.filter(({ source }) => source !== 'default' && source !== 'override');
  return [
    `snapshot ${id}`,
    `server   PostgreSQL ${server.version}, system ${server.systemIdentifier}, ${server.dataDirectory}`,
    '',
    `files (${files.length})`,
    ...columns(
      files.map(({ path, role, mode, uid, gid, sizeBytes }) => [
        `  ${oneLine(path)}`,
        ...(role === 'missing-include'
          ? ['not there', '', '', '']
          : [role, mode, `${uid}:${gid}`, `${sizeBytes} bytes`]),
      ]),
    ),
    '',
    `settings (${set.length} set of ${settings.length})`,
    ...columns(
      set.map(({ name, value, unit, source, pendingRestart }) => [
        `  ${name}`,
        oneLine(value) + (unit === null ? '' : ` (${unit})`),
        source,
        pendingRestart ? 'pending restart' : '',
      ]),
    ),
    '',
    `roles (${roles.length})`,
    ...columns(
      roles.map(({ name, login, superuser }) => [
        `  ${oneLine(name)}`,
        login ? 'login' : 'no login',
        superuser ? 'superuser' : '',
      ]),
    ),
    '',
    `memberships (${memberships.length})`,
    ...columns(
      memberships.map(({ role, member, grantor, admin, inherit, set }) => [
        `  ${oneLine(member)}`,
        `in ${oneLine(role)}`,
        `by ${oneLine(grantor)}`,
        [admin ? 'admin' : '', inherit === false ? 'no inherit' : '', set === false ? 'no set' : '']
          .filter(Boolean)
          .join(', '),
      ]),
    ),
    '',
    `databases (${databases.length})`,
    ...columns(databases.map((database) => databaseRow(database, catalogs))),
    '',
    `tablespaces and parameters (${shared.length})`,
    ...columns(
      shared.map(({ kind, name, owner, acl }) => [
        `  ${oneLine(name)}`,
        kind,
        owner === '' ? '' : `owner ${oneLine(owner)}`,
        oneLine(acl.join(' ')),
      ]),
    ),
  ].join('\n');
}

/** Thousands of objects are counted: a difference names them, and `--json` has them all. */
function databaseRow(
  { name, owner, connectionLimit, allowConnections }: DatabaseEntry,
  catalogs: readonly DatabaseCatalog[],
): readonly string[] {
  const catalog = catalogs.find(({ database }) => database === name);
  const held =
    catalog === undefined || catalog.unread !== null
      ? `not read: ${oneLine(catalog?.unread ?? 'unknown')}`
      : [
          counted(catalog.objects.length, 'object'),
          counted(catalog.defaults.length, 'default privilege'),
          `${counted(catalog.rowSecurity.length, 'table')} with row security`,
          catalog.extensions.map((extension) => `${oneLine(extension.name)} ${oneLine(extension.version)}`).join(', '),
        ]
          .filter(Boolean)
          .join('; ');
  const limit = connectionLimit === -1 ? '' : `limit ${connectionLimit}`;
  return [`  ${oneLine(name)}`, `owner ${oneLine(owner)}`, allowConnections ? limit : 'closed', held];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** With the name that `snapshot restore --only` takes. */
export function renderDiff(items: readonly DiffItem[]): string {
  if (items.length === 0) return 'no difference';
  return columns(
    items.map(({ kind, key, summary }) => [
      { added: '+', removed: '-', changed: '~' }[kind],
      oneLine(key),
      oneLine(summary),
    ]),
  ).join('\n');
}
