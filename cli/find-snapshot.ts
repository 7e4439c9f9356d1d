/** A snapshot by the name that people give it. */
import type { Snapshot } from '../domain/snapshot.ts';
import type { Store } from '../worker/store-access.ts';

export const idHelp = 'an id, a unique prefix of at least 6 characters, "known-good" or "latest"';

/** null: there is none. */
export async function snapshotOf(store: Store, target: string, name: string): Promise<Snapshot | null> {
  const id =
    name === 'known-good'
      ? (await store.knownGood(target))?.id
      : name === 'latest'
        ? (await store.snapshots(target, 1))[0]?.id
        : name;
  return id === undefined ? null : store.snapshot(target, id);
}
