/** What the verbs of a managed target share: its owner, and a way by SQL to each of its members. */
import type { DatabaseConfig } from '../../domain/config.ts';
import { type Endpoint, endpointOf } from '../postgres/endpoint.ts';
import { type Digester, digester } from '../postgres/fingerprint.ts';
import type { PostgresTargetOptions } from '../postgres/options.ts';
import type { Parts } from '../postgres/parts.ts';
import { SqlChannel } from '../postgres/sql-channel.ts';
import { TargetError } from '../postgres/target-error.ts';
import type { Member, Members, Owner } from './owner.ts';

export interface ManagedOptions {
  readonly owner: Owner;
  /** As whom, to which database and with which TLS to connect; host and port are the members' own. */
  readonly database: DatabaseConfig;
  /** The secret itself, already resolved. */
  readonly password: string | null;
  /** The agent's key, 32 bytes: makes fingerprints that nobody else can guess. */
  readonly key: Buffer;
  /** That are no members, asked before a setting is raised that they must have as well. */
  readonly standbys?: PostgresTargetOptions['standbys'];
}

export interface ManagedParts {
  readonly owner: Owner;
  readonly digest: Digester;
  /** The same channel each time, as long as the member listens at the same place. */
  on(member: Pick<Member, 'name' | 'host' | 'port'>): Parts;
  /** Every channel that was made. */
  channels(): readonly SqlChannel[];
}

/** Connects to nothing yet. */
export function managedPartsOf({ owner, database, password, key, standbys = [] }: ManagedOptions): ManagedParts {
  if (key.length !== 32) throw new RangeError(`the agent's key has ${key.length} bytes instead of 32`);
  const digest = digester(key);
  const base = endpointOf(database, password);
  const named = standbys.map((standby) => endpointOf(standby.database, standby.password));
  const known = new Map<string, Parts>();
  return {
    owner,
    digest,
    on({ host, port }) {
      const at = `${host} ${port}`;
      const endpoint: Endpoint = { ...base, host, port, config: { ...base.config, host, port } };
      const parts = known.get(at) ?? {
        endpoint,
        sql: new SqlChannel(endpoint),
        digest,
        restart: null,
        standbys: named,
        known: null,
      };
      known.set(at, parts);
      return parts;
    },
    channels: () => [...known.values()].map(({ sql }) => sql),
  };
}

/** Throws a TargetError while there is none, as in the middle of a failover. */
export function leaderOf({ members }: Members, { title }: Owner): Member {
  const leader = members.find(({ role }) => role === 'leader');
  if (leader !== undefined) return leader;
  const who = members.map(({ name, state }) => `${name} (${state})`).join(', ');
  throw new TargetError('TargetUnreachable', [
    {
      code: 'no-leader',
      message: `the cluster has no leader now, by ${title}`,
      detail: `Its members: ${who || 'none'}.`,
      hint: 'A standby cluster is no target: name its primary cluster.',
    },
  ]);
}
