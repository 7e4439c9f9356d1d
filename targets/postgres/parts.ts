/** What the verbs of a PostgreSQL target share. */
import type { Captured } from '../target.ts';
import type { Digester } from './fingerprint.ts';
import type { Endpoint } from './endpoint.ts';
import type { Restart } from './restart.ts';
import type { SqlChannel } from './sql-channel.ts';

export interface Parts {
  readonly sql: SqlChannel;
  readonly endpoint: Endpoint;
  readonly digest: Digester;
  /** null: this agent cannot restart. */
  readonly restart: Restart | null;
  /** Those that the agent's configuration names. */
  readonly standbys: readonly Endpoint[];
  /** What was last known of where files are; null: nothing yet. */
  known: Captured['facts'] | null;
}
