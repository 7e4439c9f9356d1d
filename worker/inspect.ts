/** What the doctor asks about a target on its own host. Writes nothing. */
import { randomBytes } from 'node:crypto';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { AgentConfig } from '../domain/config.ts';
import { managedDoctorChecks } from '../targets/managed/doctor.ts';
import { doctorChecks } from '../targets/postgres/doctor.ts';
import type { DoctorCheck } from '../targets/postgres/doctor.ts';
import { ownerOf } from './open-target.ts';

export type { DoctorCheck } from '../targets/postgres/doctor.ts';

export async function inspect(config: AgentConfig): Promise<readonly DoctorCheck[]> {
  const { database, restart } = config;
  const password = await resolveOptionalSecret(database.password);
  // What is captured here is shown to nobody and kept nowhere: any key does, and the agent's own stays closed.
  const key = randomBytes(32);
  const owner = await ownerOf(config, resolveOptionalSecret);
  if (owner !== null) return managedDoctorChecks({ owner, database, password, key });
  return doctorChecks({ database, password, restart, key });
}
