/** One snapshot, and the difference of two, for people. Pure; snapshots are redacted when they are taken. */
import type { DiffItem } from '../../domain/snapshot/diff.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { columns } from './text.ts';

export function renderSnapshot({ id, sections }: Snapshot): string {
  const { server, files, settings, roles } = sections;
  const set = settings.filter(({ source }) => source !== 'default' && source !== 'override');
  return [
    `snapshot ${id}`,
    `server   PostgreSQL ${server.version}, system ${server.systemIdentifier}, ${server.dataDirectory}`,
    '',
    `files (${files.length})`,
    ...columns(
      files.map(({ path, role, mode, uid, gid, sizeBytes }) => [
        `  ${oneLine(path)}`,
        role,
        mode,
        `${uid}:${gid}`,
        `${sizeBytes} bytes`,
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
  ].join('\n');
}

export function renderDiff(items: readonly DiffItem[]): string {
  if (items.length === 0) return 'no difference';
  return columns(
    items.map(({ kind, summary }) => [{ added: '+', removed: '-', changed: '~' }[kind], oneLine(summary)]),
  ).join('\n');
}
