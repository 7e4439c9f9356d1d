/** What Knowngood knows about settings beyond what `pg_settings` tells: lists, power over the host, power over access. */
import type { Effect } from '../phase.ts';
import { isSecretSetting } from '../secrets.ts';

/** GUC_LIST_QUOTE: each element needs a literal of its own, one literal of `a, b` becomes a single element. */
const quotedLists: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** GUC_LIST_INPUT without quoting: elements are joined with commas as they are. */
const plainLists: ReadonlySet<string> = new Set([
  'createrole_self_grant',
  'datestyle',
  'debug_io_direct',
  'listen_addresses',
  'log_connections',
  'log_destination',
  'oauth_validator_libraries',
  'restrict_nonsystem_relation_kind',
  'synchronized_standby_slots',
  'synchronous_standby_names',
  'wal_consistency_checking',
]);

/** Run commands, load code, or move the files that PostgreSQL reads and writes. */
const dangerous: ReadonlySet<string> = new Set([
  'allow_system_table_mods',
  'archive_cleanup_command',
  'archive_command',
  'archive_library',
  'config_file',
  'data_directory',
  'dynamic_library_path',
  'event_source',
  'extension_control_path',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'jit_provider',
  'krb_server_keyfile',
  'local_preload_libraries',
  'log_directory',
  'log_filename',
  'oauth_validator_libraries',
  'primary_conninfo',
  'promote_trigger_file',
  'recovery_end_command',
  'recovery_target_action',
  'restore_command',
  'session_preload_libraries',
  'shared_preload_libraries',
  'ssl_passphrase_command',
  'stats_temp_directory',
  'unix_socket_directories',
]);

const access: ReadonlySet<string> = new Set([
  'authentication_timeout',
  'createrole_self_grant',
  'db_user_namespace',
  'hba_file',
  'ident_file',
  'listen_addresses',
  'local_preload_libraries',
  'max_connections',
  'password_encryption',
  'port',
  'reserved_connections',
  'role',
  'row_security',
  'scram_iterations',
  'session_authorization',
  'session_preload_libraries',
  'superuser_reserved_connections',
  'unix_socket_directories',
  'unix_socket_group',
  'unix_socket_permissions',
]);

export function isQuotedList(name: string): boolean {
  return quotedLists.has(name.toLowerCase());
}

export function isList(name: string): boolean {
  return isQuotedList(name) || plainLists.has(name.toLowerCase());
}

/** Extensions' own settings among them: a library that is not loaded yet has no row in pg_settings. */
const dangerousForms: readonly RegExp[] = [
  /^ssl_.*_(file|dir)$/,
  /_preload_libraries$/,
  /(^|[._])(command|start_proc)$/,
  // Code that runs as the server's user when a language is first used, or where its interpreter is found.
  /^(plperl|plperlu|pltcl|pltclu|plpython|plpythonu|plpython3u|pljava|plv8|plr|plrust)\./,
  /^basic_archive\.archive_directory$/,
];

/** Refused from afar unless the agent's own configuration names it. */
export function isDangerous(name: string): boolean {
  const key = name.toLowerCase();
  return dangerous.has(key) || dangerousForms.some((form) => form.test(key));
}

/** Decides who gets in. */
export function decidesAccess(name: string): boolean {
  const key = name.toLowerCase();
  return access.has(key) || key.startsWith('ssl') || key.startsWith('krb_') || key.startsWith('gss_');
}

/** Names of an extension's own settings that say themselves that they are secrets. */
const secretName = /\.(.*_)?(password|passwd|secret|token|api_?key|private_?key|credentials?)$/i;

export function holdsSecret(name: string): boolean {
  return isSecretSetting(name) || secretName.test(name);
}

/** `pg_settings.context` → what a change of the value takes. */
export function effectOfContext(context: string): Effect {
  if (context === 'internal') return 'none';
  if (context === 'postmaster') return 'restart';
  return context === 'backend' || context === 'superuser-backend' ? 'reconnect' : 'reload';
}

/** What `a, "B c"` means to SplitIdentifierString, case kept: its elements. null: it cannot be split. */
export function splitList(value: string): readonly string[] | null {
  if (value.trim() === '') return [];
  const elements: string[] = [];
  const element = /\s*(?:"((?:[^"]|"")*)"|([^",]*?))\s*(,|$)/y;
  for (;;) {
    const match = element.exec(value);
    if (match === null) return null;
    const text = match[1] === undefined ? (match[2] ?? '') : match[1].replace(/""/g, '"');
    if (text === '' && match[1] === undefined) return null;
    elements.push(text);
    if (match[3] === '') return elements;
  }
}

/** What ALTER SYSTEM writes into postgresql.auto.conf for these literals (`flatten_set_variable_args`). */
export function flattenLiterals(name: string, literals: readonly string[]): string {
  return literals.map((literal) => (isQuotedList(name) ? quoteIdentifier(literal) : literal)).join(', ');
}

function quoteIdentifier(text: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replace(/"/g, '""')}"`;
}
