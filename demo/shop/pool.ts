/** A service's connection pool: its own role, its own client address, and connections that stay open as in production. */
import { Socket } from 'node:net';
import pg from 'pg';

export interface PoolSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Client address that PostgreSQL sees; any 127.0.0.0/8 address is real to it. */
  readonly from: string;
  readonly size: number;
}

/** pg has no option for the local address, but takes a socket of ours: this one binds before it connects. */
class SocketFrom extends Socket {
  readonly #localAddress: string;

  constructor(localAddress: string) {
    super();
    this.#localAddress = localAddress;
  }

  override connect(...args: unknown[]): this {
    const [port, host] = args;
    if (typeof port === 'number' && typeof host === 'string') {
      return super.connect({ port, host, localAddress: this.#localAddress });
    }
    return Reflect.apply(super.connect, this, args) as this;
  }
}

/** Opens all its connections at once and keeps them: from then on only a lost connection is replaced by a new one. */
export async function openPool(settings: PoolSettings): Promise<pg.Pool> {
  const { host, port, database, user, password, from, size } = settings;
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password,
    max: size,
    min: size,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 2000,
    application_name: user,
    stream: () => new SocketFrom(from),
  });
  // An idle connection that the server ends is dropped by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()));
  for (const client of clients) client.release();
  return pool;
}
