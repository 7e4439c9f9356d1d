/** What the doctor asks about a target on its own host. Writes nothing. */
import { randomBytes } from 'node:crypto';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { AgentConfig } from '../domain/config.ts';
import { managedDoctorChecks } from '../targets/managed/doctor.ts';
import { createPatroniOwner } from '../targets/managed/patroni/owner.ts';
import { doctorChecks } from '../targets/postgres/doctor.ts';
import type { DoctorCheck } from '../targets/postgres/doctor.ts';

export type { DoctorCheck } from '../targets/postgres/doctor.ts';

export async function inspect({ database, restart, patroni }: AgentConfig): Promise<readonly DoctorCheck[]> {
  const password = await resolveOptionalSecret(database.password);
  const key = randomBytes(32);
  if (patroni !== undefined) {
    const owner = createPatroniOwner(patroni, await resolveOptionalSecret(patroni.password));
    return managedDoctorChecks({ owner, database, password, key });
  }
  // What is captured here is shown to nobody and kept nowhere: any key does, and the agent's own stays closed.
  return doctorChecks({ database, password, restart, key });
}
