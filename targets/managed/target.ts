/** Servers whose configuration somebody else owns, behind the face that every kind of target has. */
import { accessExplainer } from '../../domain/access/explain.ts';
import { rehearsalOf } from '../../domain/rehearsal.ts';
import { diffSnapshots } from '../../domain/snapshot/diff.ts';
import { awaitAnswer } from '../postgres/accepting.ts';
import { accessOnceLoaded } from '../postgres/looked.ts';
import { impactOf, stateOf, statesOfCaptures } from '../postgres/access.ts';
import { createObserve } from '../postgres/observe.ts';
import type { Parts } from '../postgres/parts.ts';
import { TargetError } from '../postgres/target-error.ts';
import type { Captured, Target } from '../target.ts';
import { applyManaged } from './apply.ts';
import { lookManaged } from './capture.ts';
import { identifyManaged } from './identify.ts';
import { otherCluster } from './identity.ts';
import { lookForDrift } from './looked.ts';
import { type ManagedOptions, leaderOf, managedPartsOf } from './parts.ts';
import { managedOf } from './context.ts';
import { planManaged } from './plan.ts';
import { planManagedRestore } from './restore.ts';
import { planManagedBack, previewManagedBack } from './revert-plan.ts';
import { revertManaged } from './revert.ts';

const pollMs = 250;

export function createManagedTarget(options: ManagedOptions): Target {
  const parts = managedPartsOf(options);
  const { owner } = options;
  const observers = new WeakMap<Parts, Target['observe']>();
  const leaderNow = async (): Promise<Parts> => parts.on(leaderOf(await owner.members(), owner));

  return {
    identify: () => identifyManaged(parts),
    capture: async () => (await lookManaged(parts)).captured,
    async waysBack() {
      return [{ way: 'owner', ...(await owner.wayBack()) }];
    },
    letGo: () => undefined,
    otherServer: otherCluster,
    plan: (...asked) => planManaged(parts, ...asked),
    planRestore: (...asked) => planManagedRestore(parts, ...asked),
    explain: (captured) =>
      captured.snapshot === null ? null : accessExplainer(stateOf(captured, captured.snapshot.sections)),
    access: (before, after, asked) => {
      const states = statesOfCaptures(before, after);
      return states === null ? null : impactOf(states, asked);
    },
    look: () => lookForDrift(parts),
    accessOnceLoaded,
    // Members have hosts of their own: a server beside this agent would say nothing of them.
    removeLeftRehearsals: async () => 0,
    rehearse: async () => rehearsalOf([untried(owner.title)], 0),
    prove: async () => ({ proofs: [], findings: [untried(owner.title)], tookMs: 0 }),
    apply: (...asked) => applyManaged(parts, ...asked),
    carryOver: async (before) => before,
    planRevert: (...asked) => planManagedBack(parts, ...asked),
    previewRevert: (...asked) => previewManagedBack(parts, ...asked),
    revert: (input) => revertManaged(parts, input),
    drift,
    async observe(asked) {
      const leader = await leaderNow();
      const observe = observers.get(leader) ?? createObserve(leader);
      observers.set(leader, observe);
      return observe({ ...asked, serverLog: false });
    },
    logLines: async () => ({ lines: [], more: 0, unread: `the servers' logs are on the hosts of the members.` }),
    async awaitAccepting(timeoutMs) {
      for (const until = Date.now() + timeoutMs; ;) {
        const leader = await leaderNow().catch(onlyIfForeseen);
        const left = until - Date.now();
        // Another one may lead a moment later.
        const at = leader === null ? null : await awaitAnswer(leader.endpoint, Math.min(pollMs, Math.max(0, left)));
        if (at !== null || left <= 0) return at;
      }
    },
    async close() {
      await Promise.all([...parts.channels().map((sql) => sql.close()), owner.close()]);
    },
  };
}

function onlyIfForeseen(error: unknown): null {
  if (error instanceof TargetError) return null;
  throw error;
}

function untried(owner: string): {
  what: string;
  ok: null;
  problem: { code: string; message: string; detail: string };
} {
  const message = `nothing is rehearsed for a cluster that ${owner} manages`;
  const detail = 'The binaries and the configuration of its members are on their hosts.';
  return { what: 'a scratch server', ok: null, problem: { code: 'not-rehearsed', message, detail } };
}

/** What another leader ran with already when the expected one led is no drift: each member has settings of its own. */
function drift(expected: Captured, live: Captured): readonly string[] {
  const { members, leader } = managedOf(expected);
  if (expected.snapshot === null || live.snapshot === null) return [];
  const now = managedOf(live).leader.name;
  const had = now === leader.name ? undefined : members[now]?.settings;
  const values = new Map(live.snapshot.sections.settings.map(({ name, value }) => [`setting:${name}`, value]));
  return diffSnapshots(expected.snapshot, live.snapshot)
    .map(({ key }) => key)
    .filter((key) => had === undefined || !values.has(key) || had[key.slice('setting:'.length)] !== values.get(key));
}
