/** The store that the configuration names, else the one that `up` runs. */
import { loadKnowngoodConfig } from '../config/load.ts';
import type { DatabaseConfig } from '../domain/config.ts';
import { configIfAny } from './context.ts';
import { readEmbedded } from './embedded.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { stop } from './stop.ts';
import type { Store } from '../worker/store-access.ts';

export async function useStore<T>(io: Io, options: GlobalOptions, use: (store: Store) => Promise<T>): Promise<T> {
  const { withStore } = await import('../worker/store-access.ts');
  return withStore(await storeOf(io, options), use);
}

async function storeOf(io: Io, options: GlobalOptions): Promise<DatabaseConfig> {
  const config = options.config === undefined ? await configIfAny(options) : await loadKnowngoodConfig(options.config);
  const store = config?.store ?? (await readEmbedded(io.env))?.store;
  if (store !== undefined) return store;
  throw stop({
    code: 'no-store',
    message: 'no store is configured',
    detail:
      config === null
        ? 'No knowngood.yaml was found, and "knowngood up" does not run.'
        : `${config.path} has no "store" section, and "knowngood up" does not run.`,
    hint: 'Name the configuration with --config FILE, or add a "store" section to it.',
  });
}
