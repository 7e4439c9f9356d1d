/** The store, opened for who only reads it: the command line. */
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { DatabaseConfig } from '../domain/config.ts';
import { createStore } from '../store/postgres-store.ts';
import type { Store } from '../store/store.ts';

export async function withStore<T>(database: DatabaseConfig, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await createStore({ database, password: await resolveOptionalSecret(database.password) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
export type { Store } from '../store/store.ts';
