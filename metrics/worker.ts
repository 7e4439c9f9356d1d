/** The figures of a worker or a probe, where somebody reads them; elsewhere nothing is counted, and nothing costs. */
import type { ListenAddress } from '../domain/config.ts';
import type { RecordSamples } from '../probes/sample-spool.ts';
import type { Store } from '../store/store.ts';
import { countingChanges } from './changes.ts';
import { countingSamples } from './checks.ts';
import { type MetricsEndpoint, serveMetrics } from './endpoint.ts';
import { openRegistry, type Role } from './registry.ts';
import { targetFigures } from './targets.ts';

export interface WorkerFigures {
  /** The same, counted. */
  store(store: Store): Store;
  samples(record: RecordSamples): RecordSamples;
  /** `store` null: it knows of no targets. */
  serve(store: Store | null): Promise<MetricsEndpoint | null>;
}

const nobodyReads: WorkerFigures = { store: (store) => store, samples: (record) => record, serve: async () => null };

/** `listen` null: nobody reads them. */
export function workerFigures(
  listen: ListenAddress | null,
  { role, version, warn }: { readonly role: Role; readonly version: string; readonly warn: (line: string) => void },
): WorkerFigures {
  if (listen === null) return nobodyReads;
  const registry = openRegistry(role, version);
  return {
    store: (store) => countingChanges(store, registry),
    samples: (record) => countingSamples(record, registry),
    serve: (store) =>
      serveMetrics({
        registry,
        listen,
        warn,
        ...(store === null ? {} : { refresh: targetFigures(store, registry) }),
      }),
  };
}
