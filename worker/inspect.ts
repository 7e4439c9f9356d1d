/** What the doctor asks about a target on its own host. Writes nothing. */
import { randomBytes } from 'node:crypto';
import { namesHost } from '../config/connection.ts';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { SqlCheck } from '../domain/check.ts';
import type { AgentConfig, DatabaseConfig } from '../domain/config.ts';
import { type Prober, probersOf } from '../domain/least-privilege/prober.ts';
import { managedDoctorChecks } from '../targets/managed/doctor.ts';
import { askClusterForRoles } from '../targets/managed/roles.ts';
import type { DoctorCheck } from '../targets/postgres/doctor-check.ts';
import { doctorChecks } from '../targets/postgres/doctor.ts';
import type { PostgresTargetOptions } from '../targets/postgres/options.ts';
import { type AskedForRoles, askForRoles } from '../targets/postgres/roles.ts';
import { parseSql } from '../targets/postgres/sql-parser.ts';
import { ownerOf } from './open-target.ts';

export type { DoctorCheck } from '../targets/postgres/doctor-check.ts';
export type { AskedForRoles } from '../targets/postgres/roles.ts';

export async function inspect(config: AgentConfig, probers: readonly Prober[]): Promise<readonly DoctorCheck[]> {
  const { database, restart, allow } = config;
  const options = await optionsOf(database, restart);
  const owner = await ownerOf(config, resolveOptionalSecret);
  if (owner !== null) return managedDoctorChecks({ ...options, owner }, probers);
  return doctorChecks(options, { allowedSettings: allow.settings, probers });
}

/**
 * `login`: as whom the server is asked instead of as the agent. null: there is none. `names`: of the roles that are asked about.
 * A cluster is asked at its leader, which its owner tells, unless the login says where.
 */
export async function inspectForRoles(
  agent: AgentConfig | null,
  login: DatabaseConfig | null,
  names: readonly string[],
): Promise<AskedForRoles | null> {
  const database = login ?? agent?.database;
  if (database === undefined) return null;
  const options = await optionsOf(database, null);
  const owner = agent === null ? null : await ownerOf(agent, resolveOptionalSecret);
  if (owner === null) return askForRoles(options, names);
  const isElsewhere = login !== null && namesHost(login.connection);
  return askClusterForRoles({ ...options, owner }, names, isElsewhere ? options : null);
}

/** `roles`: those that log in for checks alone. */
export async function readProbers(checks: readonly SqlCheck[], roles: readonly string[]): Promise<readonly Prober[]> {
  const parsed = await parseSql(checks.map(({ database, query }) => ({ database, statement: query })));
  return probersOf(checks, parsed, roles);
}

async function optionsOf(
  database: DatabaseConfig,
  restart: PostgresTargetOptions['restart'],
): Promise<PostgresTargetOptions> {
  const password = await resolveOptionalSecret(database.password);
  // What is captured here is shown to nobody and kept nowhere: any key does, and the agent's own stays closed.
  return { database, password, restart, key: randomBytes(32) };
}
