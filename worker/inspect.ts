/** What the doctor asks about a target on its own host. Writes nothing. */
import { randomBytes } from 'node:crypto';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { SqlCheck } from '../domain/check.ts';
import type { AgentConfig, DatabaseConfig } from '../domain/config.ts';
import { type Prober, probersOf } from '../domain/least-privilege/prober.ts';
import { managedDoctorChecks } from '../targets/managed/doctor.ts';
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
  if (owner !== null) return managedDoctorChecks({ ...options, owner });
  return doctorChecks(options, { allowedSettings: allow.settings, probers });
}

/** `database`: as whom the server is asked. `names`: of the roles that are asked about. */
export async function inspectForRoles(database: DatabaseConfig, names: readonly string[]): Promise<AskedForRoles> {
  return askForRoles(await optionsOf(database, null), names);
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
