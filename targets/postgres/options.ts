/** What a PostgreSQL target is made from. */
import type { DatabaseConfig } from '../../domain/config.ts';
import { endpointOf } from './endpoint.ts';
import { digester } from './fingerprint.ts';
import type { Parts } from './parts.ts';
import type { Restart } from './restart.ts';
import { SqlChannel } from './sql-channel.ts';

export interface PostgresTargetOptions {
  readonly database: DatabaseConfig;
  /** The secret itself, already resolved. */
  readonly password: string | null;
  /** The agent's key, 32 bytes: makes fingerprints that nobody else can guess. */
  readonly key: Buffer;
  /** argv that restarts, or starts what is down, and returns when done; null: this agent cannot restart. */
  readonly restart: Restart | null;
  /** Its standbys, asked before a setting is raised that they must have as well. */
  readonly standbys?: readonly { readonly database: DatabaseConfig; readonly password: string | null }[];
}

/** Connects to nothing yet. */
export function partsOf({ database, password, key, restart, standbys = [] }: PostgresTargetOptions): Parts {
  if (key.length !== 32) throw new RangeError(`the agent's key has ${key.length} bytes instead of 32`);
  const endpoint = endpointOf(database, password);
  return {
    endpoint,
    sql: new SqlChannel(endpoint),
    digest: digester(key),
    restart,
    standbys: standbys.map((standby) => endpointOf(standby.database, standby.password)),
    known: null,
  };
}
