/**
 * The lease: the agent's promise to revert by itself unless a live workflow keeps renewing it. A pure reducer over what
 * the agent sees; every time is passed in, in ms on one monotonic clock that counts from the host's boot.
 */

export interface LeaseTerms {
  /** How long contact may be lost. */
  readonly leaseMs: number;
  /** How long a closed run waits for one that replaces it (a Reset). */
  readonly graceMs: number;
  /** `wait`: leave it to the progress deadline (changes that a restart must take back). */
  readonly onContactLost: 'revert' | 'wait';
  /** The change reboots its host: the deadlines count on over it by the wall clock. */
  readonly expectsReboot?: boolean;
}

export interface Lease {
  readonly contactBy: number;
  readonly progressBy: number;
  /** Of the newest `deadline` that moved it. */
  readonly sequence: number;
  /** A watch activity must be heartbeating, else a running workflow alone is no sign of life. */
  readonly watching: boolean;
}

/** A lease on disk. Deadlines mean something on the boot that wrote them only. */
export interface LeaseRecord extends Lease {
  readonly bootId: string;
  readonly savedAt: number;
  /** Unix ms. */
  readonly savedAtWall: number;
}

export interface Now {
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** What one look at Temporal showed. Stamps are the server's clock: compared with each other, never with ours. */
export type Observation =
  | { readonly kind: 'no-answer' }
  /** No run of this workflow id is alive. */
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'running';
      /** null: none is pending. `stamp`: when it was scheduled. */
      readonly task: { readonly attempt: number; readonly started: boolean; readonly stamp: number } | null;
      /** The pending watch activity's last heartbeat (else its start); null: there is none, or it has not started. */
      readonly heartbeat: number | null;
    };

/** Since when what was seen last has not changed. */
export interface ContactMemory {
  readonly closedSince: number | null;
  readonly task: { readonly stamp: number; readonly since: number } | null;
  readonly heartbeat: { readonly stamp: number; readonly since: number } | null;
}

export const noMemory: ContactMemory = { closedSince: null, task: null, heartbeat: null };

/** A workflow task that was tried more often, or waits longer for a worker, is stuck: nobody decides there any more. */
const mostTaskAttempts = 3;
const staleAfterMs = 60_000;

export function startLease(terms: LeaseTerms, progressMs: number, nowMs: number): Lease {
  return { contactBy: nowMs + terms.leaseMs, progressBy: nowMs + progressMs, sequence: 0, watching: false };
}

/** Moves the contact deadline on when, and only when, the workflow was seen to be able to decide. */
export function observe(
  lease: Lease,
  memory: ContactMemory,
  terms: LeaseTerms,
  seen: Observation,
  nowMs: number,
): { readonly lease: Lease; readonly memory: ContactMemory } {
  if (seen.kind === 'no-answer') return { lease, memory };
  if (seen.kind === 'closed') return { lease, memory: { ...memory, closedSince: memory.closedSince ?? nowMs } };
  const waiting = seen.task !== null && !seen.task.started ? seen.task.stamp : null;
  const next: ContactMemory = {
    closedSince: null,
    task: unchangedSince(memory.task, waiting, nowMs),
    heartbeat: unchangedSince(memory.heartbeat, seen.heartbeat, nowMs),
  };
  const stuck = (seen.task?.attempt ?? 0) > mostTaskAttempts || isStale(next.task, nowMs);
  const measured = !lease.watching || (next.heartbeat !== null && !isStale(next.heartbeat, nowMs));
  const alive = !stuck && measured;
  return { lease: alive ? renewed(lease, terms, nowMs) : lease, memory: next };
}

/** Also called when the owner's own call arrives: it was just delivered by Temporal. */
export function renewed(lease: Lease, terms: LeaseTerms, nowMs: number): Lease {
  return { ...lease, contactBy: nowMs + terms.leaseMs };
}

/** null: an equal or lower sequence, which moves nothing. */
export function moveProgress(
  lease: Lease,
  move: { readonly sequence: number; readonly durationMs: number; readonly watching: boolean },
  nowMs: number,
): Lease | null {
  if (move.sequence <= lease.sequence) return null;
  return { ...lease, sequence: move.sequence, progressBy: nowMs + move.durationMs, watching: move.watching };
}

/** Why the agent must revert now; null: not yet. `jitterMs` keeps a fleet from restarting at once. */
export function expired(
  lease: Lease,
  memory: ContactMemory,
  terms: LeaseTerms,
  jitterMs: number,
  nowMs: number,
): 'workflow closed' | 'contact lost' | 'deadline passed' | null {
  if (memory.closedSince !== null && nowMs - memory.closedSince >= terms.graceMs) return 'workflow closed';
  const contactLost = nowMs >= lease.contactBy;
  if (contactLost && terms.onContactLost === 'revert' && nowMs >= lease.contactBy + jitterMs) return 'contact lost';
  // Without contact many hosts may wait for the same moment; with it, the deadline is this change's own.
  return nowMs >= lease.progressBy + (contactLost ? jitterMs : 0) ? 'deadline passed' : null;
}

export function recordOf(lease: Lease, now: Now): LeaseRecord {
  return { ...lease, bootId: now.bootId, savedAt: now.monotonicMs, savedAtWall: now.wallMs };
}

/** Before any boot, and still a number that JSON keeps. */
const longAgo = Number.MIN_SAFE_INTEGER;

/** NTP steps the wall clock by less; a clock that was really set back may hide any time. */
const wallToleranceMs = 5_000;

/** The lease after a restart of the agent: a boot that was not expected, or a clock set back, is one that has run out. */
export function fromRecord(record: LeaseRecord, now: Now, expectsReboot = false): Lease {
  const { contactBy, progressBy, sequence, watching } = record;
  const byMs = laterBy(record, now, expectsReboot);
  if (byMs === null) return { contactBy: longAgo, progressBy: longAgo, sequence, watching };
  return { contactBy: contactBy + byMs, progressBy: progressBy + byMs, sequence, watching };
}

/** How the record's monotonic clock reads on this boot; null: nobody can tell how much time has passed. */
function laterBy({ bootId, savedAt, savedAtWall }: LeaseRecord, now: Now, expectsReboot: boolean): number | null {
  const passedMs = now.wallMs - savedAtWall;
  if (passedMs < -wallToleranceMs) return null;
  if (bootId === now.bootId) return now.monotonicMs < savedAt ? null : 0;
  return expectsReboot ? now.monotonicMs - (savedAt + Math.max(0, passedMs)) : null;
}

function unchangedSince(
  memory: { readonly stamp: number; readonly since: number } | null,
  stamp: number | null,
  nowMs: number,
): { readonly stamp: number; readonly since: number } | null {
  if (stamp === null) return null;
  return memory?.stamp === stamp ? memory : { stamp, since: nowMs };
}

function isStale(memory: { readonly since: number } | null, nowMs: number): boolean {
  return memory !== null && nowMs - memory.since >= staleAfterMs;
}
