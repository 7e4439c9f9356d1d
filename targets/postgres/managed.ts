/** Servers that somebody else owns: writing their files would be undone, or worse. Recognised, and refused by name. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Problem } from '../../domain/problem.ts';
import type { FilePlaces } from './capture-files.ts';
import { readConfigFile } from './disk.ts';
import type { Session } from './sql-channel.ts';

interface SignRow {
  readonly roles: readonly string[];
  readonly commandLine: readonly string[];
  readonly cnpg: string | null;
  readonly applications: readonly string[];
}

const signsQuery = `
  select (select coalesce(json_agg(rolname), '[]') from pg_catalog.pg_roles
      where rolname in ('rdsadmin', 'cloudsqladmin', 'alloydbadmin', 'azuresu', 'azure_superuser')) as roles,
    (select coalesce(json_agg(name), '[]') from pg_catalog.pg_settings where source = 'command line') as "commandLine",
    pg_catalog.current_setting('cnpg.config_sha256', true) as cnpg,
    (select coalesce(json_agg(distinct application_name), '[]') from pg_catalog.pg_stat_activity
      where application_name ilike 'patroni%') as applications`;

const services: Readonly<Record<string, string>> = {
  rdsadmin: 'Amazon RDS or Aurora',
  cloudsqladmin: 'Google Cloud SQL',
  alloydbadmin: 'Google AlloyDB',
  azuresu: 'Azure Database for PostgreSQL',
  azure_superuser: 'Azure Database for PostgreSQL',
};

/** What Patroni always puts on the command line: nobody else sets all of these there. */
const patroniSigns = ['cluster_name', 'max_connections', 'wal_level', 'max_locks_per_transaction'];

/** Cloud services first: there the files are not even reachable. */
export async function managedByService(session: Session): Promise<Problem | null> {
  const { roles, cnpg, commandLine, applications } = await signs(session);
  const service = roles.map((role) => services[role]).find((name) => name !== undefined);
  if (service !== undefined)
    return managed(
      service,
      `Role ${roles.join(', ')} exists.`,
      roles.includes('rdsadmin') ? 'its parameter group ("rds" in agent.yaml)' : 'its flags',
    );
  if (cnpg !== null && cnpg !== '')
    return managed('CloudNativePG', 'It sets cnpg.config_sha256.', 'the Cluster resource');
  if (applications.length > 0)
    return managed('Patroni', `It is connected as "${applications[0]}".`, '"patronictl edit-config"');
  if (patroniSigns.every((name) => commandLine.includes(name)))
    return managed(
      'Patroni',
      'The server was started with its settings on the command line.',
      '"patronictl edit-config"',
    );
  return null;
}

/** By what managers leave on disk; needs no SQL beyond the places. */
export async function managedByFiles({ dataDirectory, paths }: FilePlaces): Promise<Problem | null> {
  const home = dirname(paths.config);
  const marks = [
    ['Patroni', `${dataDirectory}/patroni.dynamic.json`, '"patronictl edit-config"'],
    ['Patroni', `${home}/postgresql.base.conf`, '"patronictl edit-config"'],
    ['Patroni', `${dataDirectory}/postgresql.base.conf`, '"patronictl edit-config"'],
  ] as const;
  for (const [owner, path, where] of marks) if (await exists(path)) return managed(owner, `It has ${path}.`, where);
  const main = (await readConfigFile(paths.config))?.content ?? '';
  if (main.includes('It will be overwritten by Patroni'))
    return managed('Patroni', `${paths.config} says so.`, '"patronictl edit-config"');
  const custom = await readConfigFile(`${dataDirectory}/custom.conf`);
  if (custom !== null && /^\s*cnpg\./m.test(custom.content))
    return managed('CloudNativePG', `It has ${dataDirectory}/custom.conf.`, 'the Cluster resource');
  return null;
}

/** For whom there is a way through the owner. */
const adapters: Readonly<Record<string, string>> = {
  Patroni: ' To guard it, give agent.yaml a "patroni" section.',
};

function managed(owner: string, detail: string, where: string): Problem {
  return {
    code: 'managed',
    message: `the server is managed by ${owner}`,
    detail,
    hint: `Change its configuration through ${where}: ${owner} would undo what is written behind its back.${adapters[owner] ?? ''}`,
  };
}

async function signs(session: Session): Promise<SignRow> {
  const [row] = await session.rows<SignRow & Record<string, unknown>>(signsQuery);
  if (row === undefined) throw new TypeError('the signs query gave no row');
  return row;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
