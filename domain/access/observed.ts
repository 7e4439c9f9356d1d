/** Who was seen connecting: each distinct principal once, with when and how often. Pure. */
import type { Asked, Source } from './impact.ts';
import type { Roles } from './roles.ts';
import type { RoleEntry } from '../snapshot.ts';

/** One principal in one look. */
export interface Sighting {
  readonly user: string;
  /** '' for physical replication. */
  readonly database: string;
  /** As the server prints it; null: over the socket. */
  readonly address: string | null;
  readonly tls: boolean;
  readonly replication: boolean;
  /** Of one of its connections, shortened. */
  readonly applicationName: string;
  /** Connections that were not there at the look before. */
  readonly connections: number;
}

export interface Observed extends Omit<Sighting, 'connections'> {
  /** Unix ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Connections in all. */
  readonly count: number;
}

/** More are a server that gives every visitor a role of its own; the ones that are known go on being counted. */
export const mostObserved = 10_000;

export function keyOf({
  user,
  database,
  address,
  tls,
  replication,
}: Omit<Sighting, 'connections' | 'applicationName'>): string {
  return JSON.stringify([user, database, address, tls, replication]);
}

/** What has been seen since it was last taken out. */
export class Sightings {
  readonly #seen = new Map<string, Observed>();
  #dropped = 0;

  /** New ones that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  add(sighting: Sighting, at: number): void {
    const { connections, ...principal } = sighting;
    const key = keyOf(sighting);
    const had = this.#seen.get(key);
    if (had === undefined && this.#seen.size >= mostObserved) return void (this.#dropped += 1);
    this.#seen.set(key, {
      ...principal,
      firstSeen: had?.firstSeen ?? at,
      lastSeen: at,
      count: (had?.count ?? 0) + connections,
    });
  }

  take(): readonly Observed[] {
    const all = [...this.#seen.values()];
    this.#seen.clear();
    return all;
  }

  /** It could not be kept elsewhere: counted with what came meanwhile. */
  putBack(observed: readonly Observed[]): void {
    for (const one of observed) {
      const key = keyOf(one);
      const now = this.#seen.get(key);
      this.#seen.set(key, now === undefined ? one : { ...now, firstSeen: one.firstSeen, count: now.count + one.count });
    }
  }
}

/** Who has not come for longer is taken to have gone. */
const forgottenAfterMs = 30 * 24 * 3_600_000;

const backups = /^(pg_dump|pg_dumpall|pg_basebackup|pgbackrest|barman|wal-g|pg_receivewal)/i;
const monitoring = ['pg_monitor', 'pg_read_all_stats'] as const;

/** As questions for the simulator; nobody has to declare them. */
export function askedOf(
  observed: readonly Observed[],
  roles: Pick<Roles<RoleEntry>, 'isMember'>,
  now: number,
): readonly Asked[] {
  return observed
    .filter(({ lastSeen }) => now - lastSeen < forgottenAfterMs)
    .map(({ user, database, address, tls, replication, applicationName, lastSeen, count }) => ({
      user,
      database,
      from: address ?? 'local',
      tls,
      ...(replication ? { replication } : {}),
      source: sourceOf(user, applicationName, replication, roles),
      who: [`seen ${count} times until ${new Date(lastSeen).toISOString().slice(0, 16).replace('T', ' ')}`],
    }));
}

function sourceOf(
  user: string,
  applicationName: string,
  replication: boolean,
  { isMember }: Pick<Roles<RoleEntry>, 'isMember'>,
): Source {
  if (backups.test(applicationName)) return 'backup';
  if (replication) return 'replication';
  return monitoring.some((role) => isMember(user, role)) ? 'monitoring' : 'observed';
}
