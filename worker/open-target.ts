/** The agent's target, by its own configuration. Connects to nothing yet: the server may be down. */
import { fingerprintKey } from '../agent/key.ts';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { AgentConfig } from '../domain/config.ts';
import type { Owner } from '../targets/managed/owner.ts';
import { createPatroniOwner } from '../targets/managed/patroni/owner.ts';
import { createManagedTarget } from '../targets/managed/target.ts';
import { createPostgresTarget } from '../targets/postgres/target.ts';
import type { Target } from '../targets/target.ts';

type Secret = (reference: string | null) => Promise<string | null>;

/** `onNoPassword`: go on without it, because files are put back without SQL; absent: its absence is an error. */
export async function openTarget(
  config: AgentConfig,
  key: Buffer,
  onNoPassword?: (error: unknown) => void,
): Promise<Target> {
  const { database, restart, standbys, keyFile } = config;
  const secret: Secret = (reference) =>
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
  const options = { database, password, key: fingerprints, standbys: named };
  const owner = await ownerOf(config, secret);
  return owner === null ? createPostgresTarget({ ...options, restart }) : createManagedTarget({ ...options, owner });
}

/** null: nobody owns the configuration but whoever is on its host. */
export async function ownerOf({ patroni, rds }: AgentConfig, secret: Secret): Promise<Owner | null> {
  if (patroni !== undefined) return createPatroniOwner(patroni, await secret(patroni.password));
  if (rds === undefined) return null;
  // The AWS SDK is loaded by whoever has an instance there, and by nobody else.
  const { createRdsOwner } = await import('../targets/managed/rds/owner.ts');
  return createRdsOwner(rds);
}
