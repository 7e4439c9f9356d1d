/** The two clocks of the open change: kept in memory, on disk for the next start, and asked twice a second. */
import { type Journal, isOpen } from '../domain/journal.ts';
import {
  type ContactMemory,
  type Lease,
  type Observation,
  expired,
  fromRecord,
  noMemory,
  observe,
  recordOf,
  renewed,
} from '../domain/lease.ts';
import type { Clock } from './host.ts';
import type { StateFolder } from './state-folder.ts';

export interface LeaseKeeper {
  /** As it stands; after a start, what the disk says about it. */
  current(journal: Journal): Lease;
  /** Call it when the journal with this lease is on disk. */
  keep(journal: Journal, lease: Lease): void;
  saw(journal: Journal, seen: Observation): Promise<void>;
  /** Why the open change must be reverted now. */
  expired(journal: Journal): string | null;
}

/** Written when it has moved this share of the lease: so much earlier than it must is a restarted agent at most. */
const saveShare = 0.25;

/** `jitter`: 0 to 0.2, once per agent. */
export function createLeaseKeeper(state: Pick<StateFolder, 'journal'>, clock: Clock, jitter: number): LeaseKeeper {
  let kept: { changeId: string; lease: Lease; memory: ContactMemory; savedContactBy: number } | null = null;

  function of(journal: Journal): NonNullable<typeof kept> {
    if (kept?.changeId !== journal.changeId) {
      const lease = fromRecord(journal.lease, clock.now(), journal.policy.expectsReboot);
      kept = { changeId: journal.changeId, lease, memory: noMemory, savedContactBy: lease.contactBy };
    }
    return kept;
  }

  return {
    current: (journal) => of(journal).lease,
    keep(journal, lease) {
      const memory = kept?.changeId === journal.changeId ? kept.memory : noMemory;
      kept = { changeId: journal.changeId, lease, memory, savedContactBy: lease.contactBy };
    },
    async saw(journal, seen) {
      const mine = of(journal);
      const now = clock.now();
      const next = observe(mine.lease, mine.memory, journal.policy, seen, now.monotonicMs);
      kept = { ...mine, ...next };
      if (next.lease.contactBy - mine.savedContactBy < journal.policy.leaseMs * saveShare) return;
      await state.journal.exclusive(async (found, write) => {
        if (!isOpen(found) || found.changeId !== journal.changeId) return;
        await write({ ...found, lease: recordOf(of(found).lease, clock.now()) });
      });
      if (kept?.changeId === journal.changeId) kept = { ...kept, savedContactBy: next.lease.contactBy };
    },
    expired(journal) {
      const { lease, memory } = of(journal);
      const { leaseMs } = journal.policy;
      return expired(lease, memory, journal.policy, jitter * leaseMs, clock.now().monotonicMs);
    },
  };
}

/** A call of the owner is a sign of life: Temporal has just delivered it. */
export function heardFrom(leases: LeaseKeeper, journal: Journal, clock: Clock): Lease {
  return renewed(leases.current(journal), journal.policy, clock.now().monotonicMs);
}
