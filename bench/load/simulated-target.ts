/** A target without a server: what a real one has captured and planned, said again; only its state is its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { snapshotOf } from '../../domain/snapshot/hash.ts';
import type { Captured, PlannedChange, Target } from '../../targets/target.ts';

/** Of one real server, whose change all the others repeat. */
export interface Template {
  readonly before: Captured;
  readonly changed: Captured;
  readonly planned: PlannedChange;
}

/** A reload, and the look at what it did: of a real one on a quiet machine. */
const applyMs = 30;
const revertMs = 40;

/** Of a server of its own: a snapshot belongs to one target, and is sealed by that one's agent. */
export function ofServer({ before, changed, planned }: Template, systemIdentifier: string): Template {
  const own = (captured: Captured): Captured => {
    const { snapshot, facts } = captured;
    if (snapshot === null) return captured;
    const { server, ...others } = snapshot.sections;
    return {
      ...captured,
      snapshot: snapshotOf({ ...others, server: { ...server, systemIdentifier } }),
      facts: { ...facts, systemIdentifier },
    };
  };
  return { before: own(before), changed: own(changed), planned };
}

export function simulatedTarget({ before, changed, planned }: Template): Target {
  let live = before;
  /** What the last plan would make of it. */
  let next = changed;
  return {
    identify: () => Promise.resolve({ kind: 'guardable', version: '17' }),
    capture: () => Promise.resolve(live),
    access: () => null,
    look: () => Promise.reject(new Error('nobody looks for drift here')),
    accessOnceLoaded: () => null,
    explain: () => null,
    waysBack: () =>
      Promise.resolve(
        (['files', 'lifeline', 'signal'] as const).map((way) => ({ way, open: true, detail: 'simulated' })),
      ),
    letGo: () => undefined,
    otherServer: () => null,
    plan: () => {
      next = changed;
      return Promise.resolve({ kind: 'planned', plan: planned });
    },
    planRestore: () => {
      next = before;
      return Promise.resolve({ kind: 'planned', plan: planned });
    },
    rehearse: () => Promise.resolve({ findings: [], problems: [], tookMs: 0 }),
    prove: () => Promise.resolve({ proofs: [], findings: [], tookMs: 0 }),
    removeLeftRehearsals: () => Promise.resolve(0),
    async apply(_, fence) {
      await fence();
      await sleep(applyMs);
      live = next;
      return { acceptingAt: Date.now(), restarted: false };
    },
    planRevert: () => Promise.resolve([]),
    carryOver: (captured) => Promise.resolve(captured),
    previewRevert: () => Promise.resolve({ items: [], effect: 'none', diff: '', held: [] }),
    async revert({ fence }) {
      await fence();
      await sleep(revertMs);
      live = before;
      const nothing = { items: [], conflicts: [], remaining: [], held: [] };
      return { ...nothing, proof: ['simulated'], acceptingAt: Date.now(), restarted: false, after: before };
    },
    drift: () => [],
    observe: () => Promise.resolve(null),
    logLines: () => Promise.resolve({ lines: [], more: 0, unread: 'it is simulated.' }),
    awaitAccepting: () => Promise.resolve(Date.now()),
    close: () => Promise.resolve(),
  };
}
