import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type ContactMemory,
  type Lease,
  type LeaseTerms,
  type Observation,
  expired,
  fromRecord,
  moveProgress,
  noMemory,
  observe,
  recordOf,
  startLease,
} from '../../domain/lease.ts';

const terms: LeaseTerms = { leaseMs: 600_000, graceMs: 5_000, onContactLost: 'revert' };
const running: Observation = { kind: 'running', task: null, heartbeat: null };

/** What is left after these looks, each with its time. */
function after(
  looks: readonly (readonly [nowMs: number, seen: Observation])[],
  lease: Lease = startLease(terms, 3_600_000, 0),
): { lease: Lease; memory: ContactMemory } {
  return looks.reduce((state, [nowMs, seen]) => observe(state.lease, state.memory, terms, seen, nowMs), {
    lease,
    memory: noMemory as ContactMemory,
  });
}

const taskWaiting = (attempt: number, stamp = 7, started = false): Observation => ({
  ...running,
  task: { attempt, started, stamp },
});
const beating = (heartbeat: number | null): Observation => ({ ...running, heartbeat });
const watching: Lease = { ...startLease(terms, 3_600_000, 0), watching: true };

describe('contact', () => {
  for (const [name, looks, contactBy] of [
    ['moves on with a running workflow', [[5_000, running]], 605_000],
    [
      'runs on without an answer',
      [
        [5_000, running],
        [10_000, { kind: 'no-answer' }],
      ],
      605_000,
    ],
    ['runs on with a closed run', [[5_000, { kind: 'closed' }]], 600_000],
    ['moves on with a task that a worker has started', [[9_000, taskWaiting(1, 7, true)]], 609_000],
    ['moves on with a task at its third attempt', [[9_000, taskWaiting(3)]], 609_000],
    ['runs on with a task at its fourth attempt', [[9_000, taskWaiting(4)]], 600_000],
    [
      'moves on while a task has waited for less than a minute',
      [
        [1_000, taskWaiting(1)],
        [60_999, taskWaiting(1)],
      ],
      660_999,
    ],
    [
      'runs on once a task has waited for a minute',
      [
        [1_000, taskWaiting(1)],
        [61_000, taskWaiting(1)],
      ],
      601_000,
    ],
    [
      'moves on with a new task',
      [
        [1_000, taskWaiting(1)],
        [61_000, taskWaiting(1, 8)],
      ],
      661_000,
    ],
  ] as readonly [string, readonly (readonly [number, Observation])[], number][]) {
    it(name, () => expect(after(looks).lease.contactBy).toBe(contactBy));
  }

  for (const [name, looks, contactBy] of [
    [
      'moves on with a watch that beats',
      [
        [1_000, beating(1)],
        [70_000, beating(2)],
      ],
      670_000,
    ],
    [
      'runs on once the watch has not beaten for a minute',
      [
        [1_000, beating(1)],
        [61_000, beating(1)],
      ],
      601_000,
    ],
    ['runs on without a watch, although the workflow runs', [[1_000, running]], 600_000],
    ['does not compare clocks: a heartbeat of last year counts when it is new', [[1_000, beating(-1e12)]], 601_000],
  ] as readonly [string, readonly (readonly [number, Observation])[], number][]) {
    it(`while watching, ${name}`, () => expect(after(looks, watching).lease.contactBy).toBe(contactBy));
  }
});

describe('expiry', () => {
  const lease = startLease(terms, 3_600_000, 0);
  for (const [name, how, nowMs, want] of [
    ['is not reached before the contact deadline', {}, 599_999, null],
    ['is reached at the contact deadline', {}, 600_000, 'contact lost'],
    ['waits for the jitter', { jitterMs: 1_000 }, 600_999, null],
    ['comes after the jitter', { jitterMs: 1_000 }, 601_000, 'contact lost'],
    ['waits for the progress deadline where a restart would follow', { onContactLost: 'wait' }, 3_599_999, null],
    ['comes with the progress deadline then', { onContactLost: 'wait' }, 3_600_000, 'deadline passed'],
    ['is jittered there too', { onContactLost: 'wait', jitterMs: 500 }, 3_600_499, null],
  ] as const) {
    it(name, () => {
      const { jitterMs = 0, onContactLost = 'revert' } = how as {
        jitterMs?: number;
        onContactLost?: 'revert' | 'wait';
      };
      expect(expired(lease, noMemory, { ...terms, onContactLost }, jitterMs, nowMs)).toBe(want);
    });
  }

  it('comes with the progress deadline although the workflow is in contact, without jitter', () => {
    const { lease: renewed, memory } = after([[3_599_000, running]]);
    expect(expired(renewed, memory, terms, 60_000, 3_600_000)).toBe('deadline passed');
  });

  it('comes a grace after the run was first seen closed, wait or not', () => {
    const { lease: same, memory } = after([
      [1_000, { kind: 'closed' }],
      [4_000, { kind: 'closed' }],
    ]);
    expect(expired(same, memory, { ...terms, onContactLost: 'wait' }, 60_000, 5_999)).toBeNull();
    expect(expired(same, memory, { ...terms, onContactLost: 'wait' }, 60_000, 6_000)).toBe('workflow closed');
  });

  it('does not come for a closed run that a live one replaces within the grace', () => {
    const { lease: same, memory } = after([
      [1_000, { kind: 'closed' }],
      [4_000, running],
    ]);
    expect(expired(same, memory, terms, 0, 60_000)).toBeNull();
  });
});

describe('progress', () => {
  const move = (sequence: number): Lease | null =>
    moveProgress({ ...watching, sequence: 3 }, { sequence, durationMs: 1_000, watching: false }, 50);

  it('moves with a higher sequence', () =>
    expect(move(4)).toMatchObject({ progressBy: 1_050, sequence: 4, watching: false }));
  it('does not move with an equal sequence', () => expect(move(3)).toBeNull());
  it('does not move with a lower sequence', () => expect(move(2)).toBeNull());

  it('has one end for the same moves in any order of arrival', () => {
    const moves = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(moves, (sequences) => {
        const end = sequences.reduce(
          (lease, sequence) => moveProgress(lease, { sequence, durationMs: sequence, watching: false }, 0) ?? lease,
          watching,
        );
        expect(end.progressBy).toBe(Math.max(...sequences));
      }),
    );
  });
});

describe('a lease from disk', () => {
  const now = { bootId: 'a', monotonicMs: 10_000, wallMs: 1_000_000 };
  const record = recordOf(startLease(terms, 5_000, 9_000), now);

  it('goes on where it stood on the same boot', () => {
    expect(fromRecord(record, { ...now, monotonicMs: 12_000, wallMs: 1_002_000 })).toMatchObject({
      progressBy: 14_000,
    });
  });

  it('forgives the small steps of NTP', () => {
    expect(fromRecord(record, { ...now, wallMs: 996_000 })).toMatchObject({ progressBy: 14_000 });
  });

  it('forgives five seconds of them, and no more', () => {
    expect(fromRecord(record, { ...now, wallMs: 995_000 })).toMatchObject({ progressBy: 14_000 });
    expect(fromRecord(record, { ...now, wallMs: 994_999 }).progressBy).toBeLessThan(0);
  });

  it('counts on by the wall clock over a reboot that was declared', () => {
    const later = { bootId: 'b', monotonicMs: 700, wallMs: 1_003_000 };
    const lease = fromRecord(record, later, true);
    // 4 s were left of the progress; 3 s have passed.
    expect(lease.progressBy - later.monotonicMs).toBe(1_000);
    expect(lease.contactBy - later.monotonicMs).toBe(record.contactBy - record.savedAt - 3_000);
  });

  it('gives nothing for a clock that stood still over it, within the steps of NTP', () => {
    const lease = fromRecord(record, { bootId: 'b', monotonicMs: 700, wallMs: 996_000 }, true);
    expect(lease.progressBy - 700).toBe(4_000);
  });

  it('has run out over a declared reboot when the wall clock was set back', () => {
    expect(fromRecord(record, { bootId: 'b', monotonicMs: 700, wallMs: 900_000 }, true).progressBy).toBeLessThan(0);
  });

  for (const [name, change] of [
    ['another boot', { bootId: 'b' }],
    ['a wall clock that was set back', { wallMs: 900_000 }],
    ['an uptime that was set back', { monotonicMs: 9_999 }],
  ] as const) {
    it(`has run out on ${name}, whatever is to be waited for`, () => {
      const lease = fromRecord(record, { ...now, ...change });
      expect(expired(lease, noMemory, { ...terms, onContactLost: 'wait' }, 120_000, 5_000)).toBe('deadline passed');
    });
  }
});
