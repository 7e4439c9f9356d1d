/** The store's connection pool: small, silent about idle losses, and self-mending. */
import pg from 'pg';
import connectionString from 'pg-connection-string';
import type { DatabaseConfig } from '../domain/config.ts';
import { StoreError, type StorePlace } from './store-error.ts';

export interface StoreConnection {
  readonly config: pg.ClientConfig;
  readonly place: StorePlace;
}

/** `password` is the secret itself, already resolved; it never becomes part of an address that could be printed. */
export function connectionOf({ connection }: DatabaseConfig, password: string | null): StoreConnection {
  const parsed = parse(connection);
  const config: pg.ClientConfig = {
    ...parsed,
    ...(password === null ? {} : { password }),
    application_name: 'knowngood store',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const place: StorePlace = {
    host: parsed.host ?? 'localhost',
    port: parsed.port ?? 5432,
    database: parsed.database ?? parsed.user ?? 'postgres',
    user: parsed.user ?? 'postgres',
  };
  return { config, place };
}

function parse(connection: string): pg.ClientConfig {
  try {
    // libpq's meaning of sslmode, which is what DBAs write; pg's own treats `require` as `verify-full`.
    return connectionString.toClientConfig(connectionString.parse(connection, { useLibpqCompat: true }));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const problem = {
      code: 'store-connection',
      message: 'store.connection cannot be understood',
      detail,
      hint: 'Write it as postgresql://user@host:5432/database?sslmode=verify-full.',
    };
    throw new StoreError(problem, false, error);
  }
}

/** Few connections: the store is on no critical path, and every worker and agent has a pool of its own. */
const poolSize = 4;

export function poolOf({ config }: StoreConnection): pg.Pool {
  const pool = new pg.Pool({ ...config, max: poolSize, idleTimeoutMillis: 30_000, allowExitOnIdle: true });
  // An idle connection that the server closes raises an event that nobody awaits; the pool replaces it at the next use.
  pool.on('error', () => {});
  // The pool listens to idle connections only: one that breaks while it is in use would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
