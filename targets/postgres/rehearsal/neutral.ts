/**
 * What a scratch server is never allowed to do, whatever the candidate says: command-line settings, which outrank every
 * file and ALTER SYSTEM. It must reach nothing outside of its own folder, and nobody outside may reach it.
 */

export interface ScratchPlace {
  readonly dataDirectory: string;
  readonly configFile: string;
  /** Passed only while no file names them: else the file's own word is what is tried. */
  readonly hbaFile: string | null;
  readonly identFile: string | null;
  readonly socketDir: string;
  readonly port: number;
  /** Whether 127.0.0.1 is listened on, for dependents that come from there. */
  readonly loopback: boolean;
}

/** Setting → what it is kept at, and why. A person reads these reasons in docs/rehearsal.md. */
export const kept: Readonly<Record<string, { readonly value: string; readonly why: string }>> = {
  archive_command: { value: '', why: "its WAL would be put among the live server's" },
  archive_library: { value: '', why: "its WAL would be put among the live server's" },
  archive_cleanup_command: { value: '', why: 'runs a command' },
  restore_command: { value: '', why: 'runs a command' },
  recovery_end_command: { value: '', why: 'runs a command' },
  primary_conninfo: { value: '', why: 'would connect to another server' },
  primary_slot_name: { value: '', why: "would hold another server's WAL" },
  promote_trigger_file: { value: '', why: 'is a file of the live server' },
  ssl_passphrase_command: { value: '', why: 'runs a command' },
  max_worker_processes: {
    value: '0',
    why: 'libraries that run jobs by themselves (cron and the like), and subscriptions',
  },
  synchronous_standby_names: { value: '', why: 'nobody would confirm a commit' },
  stats_temp_directory: { value: 'pg_stat_tmp', why: "may be the live server's folder" },
  bonjour: { value: 'off', why: 'would announce it in the network' },
  restart_after_crash: { value: 'off', why: 'what crashes is to be seen' },
  fsync: { value: 'off', why: 'nothing of it is kept' },
  logging_collector: { value: 'off', why: "would write into the live server's log folder" },
  log_destination: { value: 'stderr', why: 'into a file of its own, not the system log' },
  log_line_prefix: { value: '', why: 'its log is read' },
  log_error_verbosity: { value: 'default', why: 'its log is read' },
  log_min_messages: { value: 'warning', why: 'its log is read' },
  lc_messages: { value: 'C', why: 'its log is read' },
  log_statement: { value: 'none', why: 'no secrets in a log' },
  log_min_duration_statement: { value: '-1', why: 'no secrets in a log' },
  log_min_duration_sample: { value: '-1', why: 'no secrets in a log' },
  log_transaction_sample_rate: { value: '0', why: 'no secrets in a log' },
  log_min_error_statement: { value: 'panic', why: 'no secrets in a log' },
  unix_socket_permissions: { value: '0700', why: 'only its own user comes in' },
};

/** Of the place itself, and those above. */
const own: ReadonlySet<string> = new Set([
  'data_directory',
  'config_file',
  'external_pid_file',
  'listen_addresses',
  'port',
  'unix_socket_directories',
  'unix_socket_group',
]);

/** Why the scratch server does not run with what the candidate says of this setting; null: it does. */
export function whyKept(name: string): string | null {
  const key = name.toLowerCase();
  return kept[key]?.why ?? (own.has(key) ? 'the scratch server has a private place' : null);
}

/**
 * `known`: settings that this version has; an unknown one on the command line would be refused. `given`: what the live
 * server has on its own command line, and `further` what this try keeps beside the rest.
 */
export function commandLine(
  place: ScratchPlace,
  known: (name: string) => boolean,
  given: Readonly<Record<string, string>>,
  further: Readonly<Record<string, string>>,
): readonly string[] {
  const settings: Record<string, string> = {
    ...Object.fromEntries(Object.entries(given).filter(([name]) => whyKept(name) === null)),
    ...Object.fromEntries(Object.entries(kept).map(([name, { value }]) => [name, value])),
    ...further,
    data_directory: place.dataDirectory,
    config_file: place.configFile,
    external_pid_file: `${place.socketDir}/pid`,
    ...(place.hbaFile === null ? {} : { hba_file: place.hbaFile }),
    ...(place.identFile === null ? {} : { ident_file: place.identFile }),
    listen_addresses: place.loopback ? '127.0.0.1' : '',
    port: String(place.port),
    unix_socket_directories: place.socketDir,
    unix_socket_group: '',
  };
  const options = Object.entries(settings).filter(([name]) => name.includes('.') || known(name));
  return ['-D', place.dataDirectory, ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
