/** What is asked of a server, and the rows it answers with. Everything qualified: a search_path must not bend it. */
import { namedSettingNames } from '../../domain/conf/named-files.ts';
import type { Sight } from '../../domain/least-privilege/reader.ts';

export interface PrivilegeRow extends Sight {
  readonly superuser: boolean;
  readonly reload: boolean;
  readonly versionNum: number;
  readonly user: string;
}

/** Cheap, and allowed to everybody. Function names are given without arguments' types where versions differ. */
export const privilegesQuery = `
  select (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
    pg_catalog.pg_has_role('pg_read_all_settings', 'usage') as "readSettings",
    pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as "readStats",
    pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'select')
      and pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'execute') as "fileSettings",
    pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'select')
      and pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'execute') as "hbaRules",
    coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pg_catalog.pg_ident_file_mappings'), 'select')
      and pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pg_catalog.pg_ident_file_mappings()'), 'execute'),
      false) as "identMaps",
    pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') as authid,
    pg_catalog.has_function_privilege('pg_catalog.pg_reload_conf()', 'execute') as reload,
    pg_catalog.current_setting('server_version_num')::int as "versionNum", current_user as "user"`;

const quotedNames = namedSettingNames.map((name) => `'${name}'`).join(', ');

export interface PlacesRow {
  readonly running: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
  readonly dataDirectory: string;
  readonly versionNum: number;
  readonly config: string;
  readonly hba: string;
  readonly ident: string;
}

/** Needs pg_read_all_settings. Absolute paths, as the server resolved them at its start. */
export const placesQuery = `
  select (select coalesce(json_object_agg(name, setting) filter (where source <> 'default'), '{}')
      from pg_catalog.pg_settings where name in (${quotedNames})) as running,
    (select coalesce(json_object_agg(name, setting) filter (where source = 'command line'), '{}')
      from pg_catalog.pg_settings where name in (${quotedNames})) as "commandLine", pg_catalog.current_setting('data_directory') as "dataDirectory",
    pg_catalog.current_setting('server_version_num')::int as "versionNum", pg_catalog.current_setting('config_file') as config,
    pg_catalog.current_setting('hba_file') as hba, pg_catalog.current_setting('ident_file') as ident`;

export interface ServerRow {
  readonly version: string;
  readonly versionNum: number;
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
  readonly timeline: number;
  /** Unix ms. */
  readonly loadedAt: number;
  /** Unix ms. */
  readonly startedAt: number;
}

/** Of what is being written now: the checkpoint of a promotion may come long after it. */
export const timelineOf = `
    case when pg_catalog.pg_is_in_recovery() then (select timeline_id from pg_catalog.pg_control_checkpoint())
      else ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int end`;

export const serverQuery = `
  select pg_catalog.current_setting('server_version') as version,
    pg_catalog.current_setting('server_version_num')::int as "versionNum",
    (select system_identifier::text from pg_catalog.pg_control_system()) as "systemIdentifier",
    pg_catalog.pg_is_in_recovery() as "inRecovery",
    ${timelineOf} as timeline,
    (extract(epoch from pg_catalog.pg_conf_load_time()) * 1000)::float8 as "loadedAt",
    (extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000)::float8 as "startedAt"`;

export interface SettingRow {
  readonly name: string;
  readonly setting: string;
  readonly unit: string | null;
  readonly context: string;
  readonly vartype: string;
  readonly source: string;
  readonly minVal: string | null;
  readonly maxVal: string | null;
  readonly enumvals: readonly string[] | null;
  readonly bootVal: string | null;
  readonly sourceFile: string | null;
  readonly sourceLine: number | null;
  readonly pendingRestart: boolean;
}

/** Facts of a transaction or session, not of the configuration, are left out. */
export const settingsQuery = `
  select name, setting, unit, context, vartype, source, min_val as "minVal", max_val as "maxVal",
    to_json(enumvals) as enumvals, boot_val as "bootVal", sourcefile as "sourceFile", sourceline as "sourceLine",
    pending_restart as "pendingRestart"
  from pg_catalog.pg_settings
  where name not in ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'in_hot_standby',
    'is_superuser', 'session_authorization', 'role', 'seed', 'application_name')`;

export interface FileSettingRow {
  readonly file: string;
  readonly line: number;
  readonly name: string | null;
  readonly setting: string | null;
  readonly applied: boolean;
  readonly error: string | null;
}

/** A row without a file says that a line is gone whose setting only a restart resets: the setting's own flag tells that too. */
export const fileSettingsQuery = `
  select sourcefile as file, sourceline as line, name, setting, applied, error
  from pg_catalog.pg_file_settings where sourcefile is not null order by seqno`;

export interface HbaRow {
  readonly line: number;
  readonly type: string | null;
  readonly error: string | null;
}

export const hbaQuery = `select line_number as line, type, error from pg_catalog.pg_hba_file_rules`;

export interface IdentRow {
  readonly line: number;
  readonly error: string;
}

/** Lines with errors. Before 15 there is no such view. */
export const identQuery = `
  select line_number as line, error from pg_catalog.pg_ident_file_mappings where error is not null`;

export interface RoleRow {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string | null;
  readonly verifier: string | null;
}

/** No end is no end, be it written as NULL or as infinity. Without the privilege on pg_authid, verifiers are unreadable and everything else is the same. */
export function rolesQuery(authid: boolean): string {
  return `
  select rolname as name, rolsuper as superuser, rolinherit as inherit, rolcreaterole as "createRole",
    rolcreatedb as "createDb", rolcanlogin as login, rolreplication as replication, rolbypassrls as "bypassRls",
    rolconnlimit as "connectionLimit",
    case when rolvaliduntil = 'infinity' then null when pg_catalog.isfinite(rolvaliduntil)
      then pg_catalog.to_char(rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      else rolvaliduntil::text end as "validUntil",
    ${authid ? 'rolpassword' : "'unreadable'"} as verifier
  from pg_catalog.${authid ? 'pg_authid' : 'pg_roles'} where rolname !~ '^pg_'`;
}

export interface RoleSettingRow {
  readonly role: string;
  readonly database: string;
  readonly settings: readonly string[];
}

export const roleSettingsQuery = `
  select coalesce(r.rolname, '') as role, coalesce(d.datname, '') as database, to_json(s.setconfig) as settings
  from pg_catalog.pg_db_role_setting s
  left join pg_catalog.pg_roles r on r.oid = s.setrole
  left join pg_catalog.pg_database d on d.oid = s.setdatabase`;
