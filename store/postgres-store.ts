/** The store in PostgreSQL: migrated at creation, every failure a StoreError that says what mends it. */
import { Kysely, PostgresDialect } from 'kysely';
import type { DatabaseConfig } from '../domain/config.ts';
import { changeStore } from './changes.ts';
import { connectionOf, poolOf } from './connection.ts';
import { driftStore } from './drifts.ts';
import { migrate } from './migrate.ts';
import { observedStore } from './observed.ts';
import { overviewStore } from './overview.ts';
import { retentionStore } from './retention.ts';
import { reportStore } from './reports.ts';
import { rolloutStore } from './rollouts.ts';
import { sampleStore } from './samples.ts';
import { snapshotStore } from './snapshots.ts';
import { storeError, type StorePlace } from './store-error.ts';
import type { Store } from './store.ts';
import { schemaName, type Tables } from './tables.ts';

/** `password` is the resolved secret; null: none. Throws StoreError, also when the tables cannot be made. */
export async function createStore(input: { database: DatabaseConfig; password: string | null }): Promise<Store> {
  const connection = connectionOf(input.database, input.password);
  await migrate(connection).catch((error: unknown) => {
    throw storeError(error, connection.place);
  });
  const root = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(connection) }) });
  const db = root.withSchema(schemaName);
  let closed: Promise<void> | null = null;
  const store: Store = {
    ...snapshotStore(db),
    ...changeStore(db),
    ...sampleStore(db),
    ...observedStore(db),
    ...reportStore(db),
    ...driftStore(db),
    ...overviewStore(db),
    ...retentionStore(db),
    ...rolloutStore(db),
    // Once: a second end of a pool throws.
    close: () => (closed ??= root.destroy()),
  };
  return explaining(store, connection.place);
}

/** Every method, its failures put into words. */
function explaining(store: Store, place: StorePlace): Store {
  const wrap =
    <Input extends readonly unknown[], Output>(method: (...input: Input) => Promise<Output>) =>
    (...input: Input): Promise<Output> =>
      method(...input).catch((error: unknown) => {
        throw storeError(error, place);
      });
  return {
    putSnapshot: wrap(store.putSnapshot),
    snapshot: wrap(store.snapshot),
    sealedBody: wrap(store.sealedBody),
    sealedBeginningWith: wrap(store.sealedBeginningWith),
    replaceSealed: wrap(store.replaceSealed),
    snapshots: wrap(store.snapshots),
    markKnownGood: wrap(store.markKnownGood),
    knownGood: wrap(store.knownGood),
    openChange: wrap(store.openChange),
    closeChange: wrap(store.closeChange),
    openChanges: wrap(store.openChanges),
    changes: wrap(store.changes),
    change: wrap(store.change),
    addSamples: wrap(store.addSamples),
    samples: wrap(store.samples),
    addObserved: wrap(store.addObserved),
    observed: wrap(store.observed),
    putReport: wrap(store.putReport),
    report: wrap(store.report),
    drift: wrap(store.drift),
    cleanAt: wrap(store.cleanAt),
    sawDrift: wrap(store.sawDrift),
    sawNoDrift: wrap(store.sawNoDrift),
    toldDrift: wrap(store.toldDrift),
    overview: wrap(store.overview),
    prune: wrap(store.prune),
    prunable: wrap(store.prunable),
    missedLook: wrap(store.missedLook),
    looks: wrap(store.looks),
    toldLooks: wrap(store.toldLooks),
    accept: wrap(store.accept),
    acceptance: wrap(store.acceptance),
    openRollout: wrap(store.openRollout),
    closeRollout: wrap(store.closeRollout),
    rollouts: wrap(store.rollouts),
    rollout: wrap(store.rollout),
    rolloutReport: wrap(store.rolloutReport),
    close: store.close,
  };
}
