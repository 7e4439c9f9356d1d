/** ALTER SYSTEM: values, lists, resets, what waits for a restart, and settings that trip whoever reads the catalogs. */
import { all, append } from '../mutation.ts';

export const settings = all('settings', [
  { name: 'ALTER SYSTEM sets what was unset', steps: ["alter system set work_mem = '64MB'"], needs: 'reload' },
  {
    name: 'ALTER SYSTEM changes what it had set',
    steps: ["alter system set statement_timeout = '9s'"],
    needs: 'reload',
  },
  { name: 'ALTER SYSTEM resets what it had set', steps: ['alter system reset statement_timeout'], needs: 'reload' },
  { name: 'ALTER SYSTEM resets everything', steps: ['alter system reset all'], needs: 'reload' },
  { name: 'ALTER SYSTEM is not loaded yet', steps: ["alter system set work_mem = '65MB'"] },
  {
    name: 'ALTER SYSTEM overrides what postgresql.conf says',
    steps: ["alter system set deadlock_timeout = '3s'"],
    needs: 'reload',
  },
  {
    name: 'a list setting gets several elements',
    steps: ['alter system set search_path = "$user", app, \'Odd, one\''],
    needs: 'reload',
  },
  { name: 'a list setting is emptied', steps: ["alter system set search_path = ''"], needs: 'reload' },
  { name: 'a list setting loses an element', steps: ["alter system set temp_tablespaces = 'disk2'"], needs: 'reload' },
  {
    name: 'two log destinations are named in one list',
    steps: ["alter system set log_destination = 'stderr,csvlog'"],
    needs: 'reload',
  },
  {
    name: 'a value holds quotes, a backslash and a percent sign',
    steps: ["alter system set log_line_prefix = '%m [%p] it''s \\ '"],
    needs: 'reload',
  },
  { name: 'a value holds a letter beyond ASCII', steps: ["alter system set cluster_name = 'Läden'"], needs: 'reload' },
  { name: 'a custom setting is saved', from: 17, steps: ["alter system set app.flag = 'on'"], needs: 'reload' },
  { name: 'a number with a fraction', steps: ['alter system set random_page_cost = 1.25'], needs: 'reload' },
  { name: 'an enum', steps: ["alter system set log_statement = 'ddl'"], needs: 'reload' },
  { name: 'a boolean', steps: ['alter system set log_checkpoints = off; '], needs: 'reload' },
  {
    name: 'passwords are to be hashed as md5',
    steps: ["alter system set password_encryption = 'md5'"],
    needs: 'reload',
  },
  { name: 'a setting that new sessions only get', steps: ["alter system set log_connections = 'on'"], needs: 'reload' },
  {
    name: 'the connection to a primary, password in it',
    steps: ["alter system set primary_conninfo = 'host=10.0.0.1 password=hidden'"],
    needs: 'reload',
  },
  { name: 'a command of the archiver', steps: ["alter system set archive_command = '/bin/true'"], needs: 'reload' },
  { name: 'more connections wait for a restart', steps: ['alter system set max_connections = 120'], needs: 'reload' },
  { name: 'more connections after a restart', steps: ['alter system set max_connections = 121'], needs: 'restart' },
  {
    name: 'a setting is said with its built-in value, and stays flagged once it is gone',
    steps: ['alter system set max_worker_processes = 8'],
    needs: 'restart',
  },
  {
    name: 'a library is loaded at the start',
    steps: ["alter system set shared_preload_libraries = 'pg_stat_statements'"],
    needs: 'restart',
  },
  {
    name: 'a library that does not exist keeps the server from starting',
    steps: ["alter system set shared_preload_libraries = 'no_such_library'"],
    needs: 'restart',
    blind: true,
  },
  {
    name: 'an empty list of libraries keeps the server from starting',
    steps: ["alter system set shared_preload_libraries = ''"],
    needs: 'restart',
    blind: true,
  },
  {
    name: 'more memory than there is keeps the server from starting',
    steps: ["alter system set shared_buffers = '900GB'"],
    needs: 'restart',
    blind: true,
  },
  {
    name: 'a library that every new session loads does not exist',
    steps: ["alter system set session_preload_libraries = 'no_such_library'"],
    needs: 'reload',
    blind: true,
  },
  {
    name: 'postgresql.auto.conf is edited by hand',
    steps: [append('postgresql.auto.conf', "geqo = 'off'\n")],
    needs: 'reload',
  },
  {
    name: 'postgresql.auto.conf cannot be parsed',
    steps: [append('postgresql.auto.conf', 'nonsense = = 1\n')],
    needs: 'reload',
  },
]);

/** Each is harmless to the server, and makes careless SQL read or write something else. */
const traps: Readonly<Record<string, string>> = {
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  statement_timeout: '1ms',
  lock_timeout: '1ms',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Tokyo',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  quote_all_identifiers: 'on',
  row_security: 'off',
  client_min_messages: 'error',
  search_path: 'app',
  check_function_bodies: 'off',
  default_tablespace: 'disk2',
  extra_float_digits: '-4',
};

export const readerTraps = all('settings', [
  ...Object.entries(traps).map(([name, value]) => ({
    name: `every session has ${name} = ${value}`,
    steps: [`alter system set ${name} = '${value}'`],
    needs: 'reload' as const,
  })),
  ...['default_transaction_read_only', 'quote_all_identifiers', 'standard_conforming_strings', 'search_path'].map(
    (name) => ({
      name: `the superuser alone has ${name} = ${traps[name]}`,
      steps: [`alter role postgres set ${name} = '${traps[name]}'`],
    }),
  ),
  {
    name: 'the superuser quotes all identifiers, and a role loses a list of names',
    steps: ['alter role postgres set quote_all_identifiers = on', 'alter role app_rw reset search_path'],
  },
  { name: "the superuser's sessions begin as another role", steps: ['alter role postgres set role = app_ro'] },
]);
