/** One consistent look at a server over SQL: a REPEATABLE READ, read-only transaction in a single round trip. */
import type { ServerSetting } from '../../domain/plan/context.ts';
import type { RoleEntry, SettingEntry } from '../../domain/snapshot.ts';
import { newRole } from '../../domain/snapshot/new-role.ts';
import { holdsLiteralSecret } from '../../domain/secrets.ts';
import { nameToday } from '../../domain/conf/old-names.ts';
import { holdsSecret } from '../../domain/conf/settings.ts';
import type { Fingerprint } from '../../domain/snapshot/redact.ts';
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import type { FilePlaces } from './capture-files.ts';
import { type Shared, sharedOf, sharedQueries } from './catalog/read-shared.ts';
import { checkPrivileges } from './privileges.ts';
import {
  type FileSettingRow,
  type HbaRow,
  type IdentRow,
  type PlacesRow,
  type PrivilegeRow,
  type RoleRow,
  type RoleSettingRow,
  type ServerRow,
  type SettingRow,
  fileSettingsQuery,
  hbaQuery,
  identQuery,
  placesQuery,
  privilegesQuery,
  roleSettingsQuery,
  rolesQuery,
  serverQuery,
  settingsQuery,
} from './queries.ts';
import type { Session } from './sql-channel.ts';

export interface ServerState {
  readonly server: ServerRow;
  readonly settings: readonly SettingRow[];
  readonly fileSettings: readonly FileSettingRow[];
  readonly hba: readonly HbaRow[];
  /** Lines of pg_ident.conf with errors. */
  readonly ident: readonly IdentRow[];
  readonly roles: readonly RoleRow[];
  readonly roleSettings: readonly RoleSettingRow[];
  readonly shared: Shared;
}

/** Throws a TargetError that names the missing grants. */
export async function readPrivileges(session: Session): Promise<PrivilegeRow> {
  const [privileges] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
  checkPrivileges(privileges);
  return privileges;
}

export async function readPlaces(session: Session): Promise<FilePlaces> {
  const [row] = await session.rows<PlacesRow & Record<string, unknown>>(placesQuery);
  if (row === undefined) throw new TypeError('the places query gave no row');
  const { dataDirectory, versionNum, config, hba, ident, running, commandLine } = row;
  return { dataDirectory, versionNum, paths: { config, hba, ident }, named: { running, commandLine } };
}

const nothing = 'select where false';

export async function readServer(session: Session, privileges: PrivilegeRow): Promise<ServerState> {
  const statements = [
    serverQuery,
    settingsQuery,
    privileges.fileSettings ? fileSettingsQuery : nothing,
    privileges.hbaRules ? hbaQuery : nothing,
    privileges.identMaps ? identQuery : nothing,
    rolesQuery(privileges.authid),
    roleSettingsQuery,
    ...sharedQueries(privileges.versionNum),
  ];
  const results = await session
    .script(['begin isolation level repeatable read, read only', ...statements, 'commit'].join(';'))
    .catch(async (error: unknown) => {
      await session.script('rollback').catch(() => undefined);
      throw error;
    });
  const rows = results.slice(1, -1).map((result) => result.rows);
  const settings = rows[1] as SettingRow[];
  return {
    server: (rows[0] as ServerRow[])[0] as ServerRow,
    settings,
    fileSettings: byNameToday(rows[2] as FileSettingRow[], settings),
    hba: rows[3] as HbaRow[],
    ident: rows[4] as IdentRow[],
    roles: rows[5] as RoleRow[],
    roleSettings: rows[6] as RoleSettingRow[],
    shared: sharedOf(rows.slice(7).map((values) => (values as { json: string }[])[0]?.json ?? '[]')),
  };
}

/** A file may call a setting by an older name than the server does. */
function byNameToday(rows: readonly FileSettingRow[], settings: readonly SettingRow[]): readonly FileSettingRow[] {
  const known = new Set(settings.map(({ name }) => name.toLowerCase()));
  return rows.map((row) => {
    const name = row.name?.toLowerCase() ?? '';
    const today = nameToday(name, known);
    return today === name ? row : { ...row, name: today };
  });
}

/** Set for the agent's own session or role: not what the next session gets. */
export const sessionSources: ReadonlySet<string> = new Set([
  'client',
  'session',
  'interactive',
  'database',
  'user',
  'database user',
  'global',
]);

/**
 * In no file any more. The server forgets to take its flag back when it had never applied the line that is gone, and sets it
 * where the line had said the built-in value: in both cases it runs as it would after a restart.
 */
function unnamed(row: SettingRow): SettingRow {
  if (row.source !== 'configuration file') return { ...row, pendingRestart: false };
  if (row.setting !== row.bootVal) return row;
  return { ...row, pendingRestart: false, source: 'default', sourceFile: null, sourceLine: null };
}

/** The server keeps `default` where a file says the built-in value of what only a start reads. */
function isFromFile(row: SettingRow, file: FileSettingRow | undefined): boolean {
  if (row.source !== 'default' || file === undefined) return false;
  const value = normaliseValue(row, file.setting ?? '');
  return value.ok && value.value === row.setting;
}

/** Rows as a session without role or database settings would see them. */
export function effectiveRows(state: Pick<ServerState, 'settings' | 'fileSettings'>): readonly SettingRow[] {
  const inFiles = new Map(
    state.fileSettings
      .filter(({ applied, name }) => applied && name !== null)
      .map((row) => [row.name?.toLowerCase(), row]),
  );
  const named = new Set(state.fileSettings.map(({ name }) => name?.toLowerCase()));
  return state.settings.map((row) => {
    if (row.pendingRestart && !named.has(row.name.toLowerCase())) return unnamed(row);
    const file = inFiles.get(row.name.toLowerCase());
    if (!sessionSources.has(row.source) && !isFromFile(row, file)) return row;
    if (file === undefined)
      return { ...row, setting: row.bootVal ?? '', source: 'default', sourceFile: null, sourceLine: null };
    const value = normaliseValue(row, file.setting ?? '');
    const setting = value.ok ? value.value : (file.setting ?? '');
    return { ...row, setting, source: 'configuration file', sourceFile: file.file, sourceLine: file.line };
  });
}

export function settingEntries(rows: readonly SettingRow[], fingerprint: Fingerprint): readonly SettingEntry[] {
  return rows.map(({ name, setting, unit, context, source, sourceFile, sourceLine, pendingRestart }) => ({
    name,
    value: setting !== '' && (holdsSecret(name) || holdsLiteralSecret(setting)) ? fingerprint(setting) : setting,
    unit,
    context,
    source,
    sourceFile,
    sourceLine,
    pendingRestart,
  }));
}

export function serverSettings(rows: readonly SettingRow[]): ReadonlyMap<string, ServerSetting> {
  return new Map(rows.map((row) => [row.name.toLowerCase(), { ...row, value: row.setting }]));
}

export function roleEntries(
  { roles, roleSettings }: Pick<ServerState, 'roles' | 'roleSettings'>,
  fingerprint: Fingerprint,
): readonly RoleEntry[] {
  const shown = (setting: string): string => {
    const [name, value] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)];
    return holdsSecret(name) || holdsLiteralSecret(value) ? `${name}=${fingerprint(value)}` : setting;
  };
  const settingsOf = (role: string): Record<string, readonly string[]> =>
    Object.fromEntries(
      roleSettings.filter((row) => row.role === role).map(({ database, settings }) => [database, settings.map(shown)]),
    );
  const entries = roles.map((row): RoleEntry => ({
    ...row,
    verifier: row.verifier === null || row.verifier === 'unreadable' ? row.verifier : fingerprint(row.verifier),
    settings: settingsOf(row.name),
  }));
  const forAll = settingsOf('');
  return Object.keys(forAll).length === 0 ? entries : [...entries, newRole('', { inherit: false, settings: forAll })];
}
