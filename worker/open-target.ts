/** The agent's target, by its own configuration. Connects to nothing yet: the server may be down. */
import { fingerprintKey } from '../agent/key.ts';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { AgentConfig } from '../domain/config.ts';
import { createPatroniOwner } from '../targets/managed/patroni/owner.ts';
import { createManagedTarget } from '../targets/managed/target.ts';
import { createPostgresTarget } from '../targets/postgres/target.ts';
import type { Target } from '../targets/target.ts';

/** `onNoPassword`: go on without it, because files are put back without SQL; absent: its absence is an error. */
export async function openTarget(
  { database, restart, standbys, keyFile, patroni, rds }: AgentConfig,
  key: Buffer,
  onNoPassword?: (error: unknown) => void,
): Promise<Target> {
  const secret = (reference: string | null): Promise<string | null> =>
    resolveOptionalSecret(reference).catch((error: unknown) => {
      if (onNoPassword === undefined) throw error;
      onNoPassword(error);
      return null;
    });
  const password = await secret(database.password);
  const fingerprints = (await fingerprintKey(keyFile)) ?? key;
  // A standby that cannot be asked forbids what depends on it, and nothing else.
  const named = await Promise.all(
    standbys.map(async (standby) => ({
      database: standby,
      password: await resolveOptionalSecret(standby.password).catch(() => null),
    })),
  );
  if (patroni !== undefined) {
    const owner = createPatroniOwner(patroni, await secret(patroni.password));
    return createManagedTarget({ owner, database, password, key: fingerprints });
  }
  if (rds !== undefined) {
    // The AWS SDK is loaded by whoever has an instance there, and by nobody else.
    const { createRdsOwner } = await import('../targets/managed/rds/owner.ts');
    return createManagedTarget({ owner: createRdsOwner(rds), database, password, key: fingerprints, standbys: named });
  }
  return createPostgresTarget({ database, password, key: fingerprints, restart, standbys: named });
}
