/** Where the server is and as whom to connect: parsed once, with libpq's meaning of `sslmode`. */
import type pg from 'pg';
import connectionString from 'pg-connection-string';
import type { DatabaseConfig } from '../../domain/config.ts';
import { TargetError, messageOf } from './target-error.ts';

export interface Endpoint {
  /** A name or address, or a folder of sockets (it begins with a slash). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly tls: boolean;
  /** For `pg`, password included. */
  readonly config: pg.ClientConfig;
}

/** Reading the largest catalogs takes a tenth of this. */
const queryTimeoutMs = 30_000;
const connectTimeoutMs = 5_000;

export function endpointOf({ connection }: DatabaseConfig, password: string | null): Endpoint {
  const parsed = parse(connection);
  const user = parsed.user === undefined || parsed.user === '' ? 'postgres' : parsed.user;
  const host = parsed.host === undefined || parsed.host === '' ? 'localhost' : parsed.host;
  const port = parsed.port ?? 5432;
  const database = parsed.database ?? user;
  const config: pg.ClientConfig = {
    ...parsed,
    host,
    port,
    user,
    database,
    ...(password === null ? {} : { password }),
    application_name: 'knowngood agent',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
  };
  return { host, port, user, database, tls: Boolean(parsed.ssl), config };
}

function parse(connection: string): pg.ClientConfig {
  try {
    // DBAs write libpq's sslmode; pg's own reading takes `require` for `verify-full`.
    return connectionString.toClientConfig(connectionString.parse(connection, { useLibpqCompat: true }));
  } catch (error) {
    throw new TargetError(
      'InvalidRequest',
      [
        {
          code: 'bad-connection',
          message: 'the connection of the target cannot be understood',
          detail: messageOf(error),
          hint: 'Write it as postgresql://user@host:5432/database or postgresql://user@/database?host=/socket/folder.',
        },
      ],
      error,
    );
  }
}

export function placeOf({ host, port, user, database }: Endpoint): string {
  return `${user}@${host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`}/${database}`;
}
