/** The store, opened when it is first needed and again after a failed try: a process starts while the store is away. */
import type { Store } from './store.ts';

export function lazyStore(open: () => Promise<Store>): Store {
  let opening: Promise<Store> | null = null;
  const opened = (): Promise<Store> => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  const lazily = <Name extends keyof Store>(name: Name): Store[Name] =>
    (async (...input: unknown[]) => {
      const store = await opened();
      return (store[name] as (...input: unknown[]) => Promise<unknown>)(...input);
    }) as Store[Name];
  return {
    putSnapshot: lazily('putSnapshot'),
    snapshot: lazily('snapshot'),
    sealedBody: lazily('sealedBody'),
    sealedBeginningWith: lazily('sealedBeginningWith'),
    replaceSealed: lazily('replaceSealed'),
    snapshots: lazily('snapshots'),
    markKnownGood: lazily('markKnownGood'),
    knownGood: lazily('knownGood'),
    openChange: lazily('openChange'),
    closeChange: lazily('closeChange'),
    openChanges: lazily('openChanges'),
    changes: lazily('changes'),
    change: lazily('change'),
    addSamples: lazily('addSamples'),
    samples: lazily('samples'),
    addObserved: lazily('addObserved'),
    observed: lazily('observed'),
    putReport: lazily('putReport'),
    report: lazily('report'),
    drift: lazily('drift'),
    cleanAt: lazily('cleanAt'),
    sawDrift: lazily('sawDrift'),
    sawNoDrift: lazily('sawNoDrift'),
    toldDrift: lazily('toldDrift'),
    overview: lazily('overview'),
    prune: lazily('prune'),
    prunable: lazily('prunable'),
    missedLook: lazily('missedLook'),
    looks: lazily('looks'),
    toldLooks: lazily('toldLooks'),
    accept: lazily('accept'),
    acceptance: lazily('acceptance'),
    openRollout: lazily('openRollout'),
    closeRollout: lazily('closeRollout'),
    rollouts: lazily('rollouts'),
    rollout: lazily('rollout'),
    rolloutReport: lazily('rolloutReport'),
    close: async () => {
      if (opening) await (await opening).close();
    },
  };
}
