/** What Patroni makes of a setting (its config.py and postgresql/config.py, 2.1 to 4.1): passed, kept for itself, or refused. */
import type { ConfigChange, SettingValue } from '../../../domain/change.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { SettingRow } from '../../postgres/queries.ts';
import type { Declared } from '../owner.ts';

/** On the server's command line, from the dynamic configuration alone; what it passes when they are not declared. */
export const passed: Readonly<Record<string, string>> = {
  wal_level: 'replica',
  max_connections: '100',
  max_wal_senders: '10',
  max_prepared_transactions: '0',
  max_locks_per_transaction: '64',
  track_commit_timestamp: 'off',
  max_replication_slots: '10',
  max_worker_processes: '8',
  wal_log_hints: 'on',
};

/** A lower one is silently replaced by the one above. */
const least: Readonly<Record<string, number>> = {
  max_connections: 25,
  max_wal_senders: 3,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 32,
  max_replication_slots: 4,
  max_worker_processes: 2,
};

/** Of patroni.yml on each member; from the dynamic configuration they are left out. */
const local: ReadonlySet<string> = new Set(['cluster_name', 'hot_standby', 'listen_addresses', 'port']);

/** It writes them itself, by what a member is just now. */
const itsOwn: ReadonlySet<string> = new Set([
  'archive_cleanup_command',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'recovery_end_command',
  'recovery_min_apply_delay',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_inclusive',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'restore_command',
]);

/** Where a member keeps things, and who it is in the cluster: another leader has others. */
export const memberOwn: ReadonlySet<string> = new Set([
  ...itsOwn,
  'config_file',
  'data_directory',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'listen_addresses',
  'log_directory',
  'port',
  // Patroni sets it as standbys come and go.
  'synchronous_standby_names',
  'unix_socket_directories',
]);

export function patroniRefusals({ settings = {}, files = {} }: ConfigChange): readonly Problem[] {
  const problems = Object.entries(settings).flatMap(([name, value]) => settingRefusal(name.toLowerCase(), value) ?? []);
  if (Object.keys(files).length === 0) return problems;
  const hint = 'Give settings and hba instead: they go into the dynamic configuration.';
  return [
    ...problems,
    { code: 'files-managed', message: 'Patroni writes the configuration files of its members', hint },
  ];
}

function settingRefusal(name: string, value: SettingValue | null): Problem | null {
  if (local.has(name))
    return {
      code: 'setting-not-declarable',
      message: `setting "${name}" cannot be changed through Patroni's dynamic configuration`,
      detail: 'Patroni takes it from patroni.yml on each member.',
      hint: 'Change it there, member by member.',
    };
  if (itsOwn.has(name))
    return {
      code: 'setting-not-declarable',
      message: `setting "${name}" is Patroni's own`,
      detail: 'It sets it on each member by what that member is just now.',
    };
  const bound = least[name];
  if (bound === undefined || value === null || !(Number(value) < bound)) return null;
  return {
    code: 'bad-value',
    message: `invalid value for setting "${name}": ${String(value)}`,
    detail: `Patroni takes at least ${bound}, and would silently pass ${passed[name]} instead.`,
  };
}

/** patroni.yml of a member outranks the dynamic configuration, but for what is passed; ALTER SYSTEM outranks both. */
export function shadowOf(row: SettingRow, declared: Declared, member: string): Problem | null {
  const name = row.name;
  const file = row.sourceFile ?? '';
  const said = { code: 'setting-overridden', message: `setting "${name}" would not take effect on member ${member}` };
  if (file.endsWith('/postgresql.auto.conf'))
    return { ...said, detail: 'ALTER SYSTEM has set it there.', hint: `Run ALTER SYSTEM RESET ${name} first.` };
  const isWritten = row.source === 'configuration file' && file.endsWith('/postgresql.conf');
  if (Object.hasOwn(passed, name) || !isWritten || declared === 'in-force') return null;
  return {
    ...said,
    detail: 'patroni.yml on that member sets it, and outranks the dynamic configuration.',
    hint: 'Take it out of postgresql.parameters there, and run "patronictl reload".',
  };
}
