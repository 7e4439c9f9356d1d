/** What the orchestrator says people are to be told of a look: by its own clock, whatever the database host's is. */
import { expect, it } from '@jest/globals';
import { createDriftActivities } from '../../activities/drift.ts';
import type { Store } from '../../store/store.ts';
import { aRemembered } from '../domain/drift/builders.ts';

const dayMs = 24 * 3_600_000;

for (const [name, toldBeforeMs, clockMs, want] of [
  ['what people know is not told at every look where the clock of its host is days ahead', 300_000, 3 * dayMs, null],
  ['what stays is told again after a day where that clock is days behind', dayMs + 1_000, -3 * dayMs, 'still'],
] as const)
  it(name, async () => {
    const now = Date.now();
    const remembered = aRemembered({ toldAt: now - toldBeforeMs, tellings: 1 });
    const store: Partial<Store> = {
      sawDrift: async () => remembered,
      looks: async () => ({ failingSince: null, toldAt: null }),
    };
    const { driftSeen } = createDriftActivities({
      config: () => Promise.reject(new Error('nobody asks for it')),
      store: store as Store,
    });
    const { fingerprint, knownGoodId, snapshotId } = remembered;
    const seen = { fingerprint, knownGoodId, snapshotId, items: [] };
    const { telling } = await driftSeen({ target: 'shop-db', seen, at: now + clockMs, knownGoodAt: null });
    expect(telling).toBe(want);
  });
