/** Who was seen, as questions for the simulator: nobody has to declare them. Pure. */
import type { RoleEntry } from '../snapshot.ts';
import type { Asked, Source } from './impact.ts';
import { type ObservedPrincipal, replicationDatabase } from './observed.ts';
import type { Roles } from './roles.ts';

/** Who has not come for longer is taken to have gone. */
const forgottenAfterMs = 30 * 24 * 3_600_000;

const backups = /^(pg_dump|pg_dumpall|pg_basebackup|pgbackrest|barman|wal-g|pg_receivewal)/i;
const monitoring = ['pg_monitor', 'pg_read_all_stats'] as const;

export function askedOf(
  observed: readonly ObservedPrincipal[],
  roles: Pick<Roles<RoleEntry>, 'isMember'>,
  now: number,
): readonly Asked[] {
  return observed
    .filter(({ lastSeen }) => now - lastSeen < forgottenAfterMs)
    .map((one) => {
      const { user, database, address, tls, lastSeen, count } = one;
      // Logical replication asks for its database, and rules know it by that.
      const replication = one.replication && database === replicationDatabase;
      return {
        user,
        database,
        from: address ?? 'local',
        tls,
        ...(replication ? { replication } : {}),
        source: sourceOf(one, roles),
        who: [
          `seen ${count === 1 ? 'once' : `${count} times`} until ${new Date(lastSeen).toISOString().slice(0, 16).replace('T', ' ')}`,
        ],
      };
    });
}

function sourceOf(
  { user, applicationName, replication }: ObservedPrincipal,
  { isMember }: Pick<Roles<RoleEntry>, 'isMember'>,
): Source {
  // Anybody may call itself so, and a standby may have been retired: a person can let them go, by name.
  if (backups.test(applicationName)) return 'backup';
  if (replication) return 'observed';
  return monitoring.some((role) => isMember(user, role)) ? 'monitoring' : 'observed';
}
