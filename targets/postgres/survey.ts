/** Looks at a live server for `init`: what it is, how it is restarted, and who connects to it. Touches nothing. */
import type { Survey } from '../../domain/survey.ts';
import { endpointOf } from './endpoint.ts';
import type { PostgresTargetOptions } from './options.ts';
import { findPostmaster } from './postmaster.ts';
import { type Session, SqlChannel } from './sql-channel.ts';
import { findRestart } from './survey-restart.ts';
import { type HbaRule, type SeenSession, servicesOf } from './survey-services.ts';
import { codeOf, messageOf } from './target-error.ts';

const serverQuery = `
  select current_user::text as "user", (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
    pg_catalog.current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as "inRecovery",
    pg_catalog.pg_has_role('pg_read_all_settings', 'usage') as places`;

const placesQuery = `
  select pg_catalog.current_setting('data_directory') as "dataDirectory",
    pg_catalog.current_setting('config_file') as "configFile"`;

const rolesQuery = `
  select rolname::text as name from pg_catalog.pg_roles
  where rolcanlogin and not rolsuper and not rolreplication and rolname !~ '^pg_' and rolname <> current_user
  order by rolname collate "C"`;

const sessionsQuery = `
  select a.usename::text as role, a.datname::text as database, pg_catalog.host(a.client_addr) as address,
    coalesce(s.ssl, false) as tls, a.application_name as application
  from pg_catalog.pg_stat_activity a left join pg_catalog.pg_stat_ssl s on s.pid = a.pid
  where a.datname is not null and a.usename is not null and a.pid <> pg_catalog.pg_backend_pid()
  group by 1, 2, 3, 4, 5`;

const rulesQuery = `
  select line_number as line, type, to_json(database) as databases, to_json(user_name) as roles, address, netmask,
    auth_method as method
  from pg_catalog.pg_hba_file_rules where type is not null order by line_number`;

const databasesQuery = `
  select datname::text as name from pg_catalog.pg_database
  where datallowconn and not datistemplate order by datname = 'postgres', datname collate "C"`;

interface ServerRow {
  readonly [column: string]: unknown;
  readonly user: string;
  readonly superuser: boolean;
  readonly version: string;
  readonly inRecovery: boolean;
  readonly places: boolean;
}

/** Throws a TargetError when nobody answers. */
export async function survey(options: Pick<PostgresTargetOptions, 'database' | 'password'>): Promise<Survey> {
  const sql = new SqlChannel(endpointOf(options.database, options.password));
  try {
    return await sql.fresh(lookAround);
  } finally {
    await sql.close();
  }
}

async function lookAround(session: Session): Promise<Survey> {
  const [server] = await session.rows<ServerRow>(serverQuery);
  if (server === undefined) throw new TypeError('the server gave no row');
  const unseen: string[] = [];
  const { dataDirectory, configFile } = await placesOf(session, server, unseen);
  const rules = await rulesOf(session, unseen);
  const sessions = await session.rows<SeenSession>(sessionsQuery);
  const roles = (await session.rows<{ name: string }>(rolesQuery)).map(({ name }) => name);
  const databases = (await session.rows<{ name: string }>(databasesQuery)).map(({ name }) => name);
  const services = servicesOf(roles, rules, sessions, databases);
  const postmaster = dataDirectory === null ? null : await findPostmaster(dataDirectory);
  return {
    version: server.version,
    dataDirectory,
    configFile,
    inRecovery: server.inRecovery,
    here: postmaster !== null,
    superuser: server.superuser,
    user: server.user,
    restart: await findRestart(configFile, dataDirectory, postmaster),
    services,
    quiet: roles.filter((role) => !services.some((service) => service.role === role)),
    unseen,
  };
}

async function placesOf(
  session: Session,
  { places, user }: ServerRow,
  unseen: string[],
): Promise<{ readonly dataDirectory: string | null; readonly configFile: string | null }> {
  if (!places) {
    unseen.push(`where its files are: role ${user} is not in pg_read_all_settings`);
    return { dataDirectory: null, configFile: null };
  }
  const [row] = await session.rows<{ dataDirectory: string; configFile: string }>(placesQuery);
  return row ?? { dataDirectory: null, configFile: null };
}

async function rulesOf(session: Session, unseen: string[]): Promise<readonly HbaRule[]> {
  try {
    return await session.rows<HbaRule>(rulesQuery);
  } catch (error) {
    if (codeOf(error) !== '42501') throw error;
    unseen.push(`the rules of pg_hba.conf: ${messageOf(error)}`);
    return [];
  }
}
