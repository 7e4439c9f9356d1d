/**
 * Connections of the agent to its server. The newest one is kept warm: it is the first escape hatch when a change locks
 * everybody out, because open sessions survive a reload; whatever is proven is seen on a fresh one.
 */
import pg from 'pg';
import { connectAsItself } from './connect.ts';
import { connectError } from './connect-error.ts';
import type { Endpoint } from './endpoint.ts';

export interface Session {
  /** Simple protocol: several statements in one round trip give several results. */
  script(sql: string): Promise<readonly pg.QueryResult[]>;
  rows<T extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<readonly T[]>;
}

class Connection implements Session {
  readonly client: pg.Client;
  #alive = true;
  #users = 0;
  #retired = false;

  constructor(client: pg.Client) {
    this.client = client;
    client.on('error', () => (this.#alive = false));
    client.on('end', () => (this.#alive = false));
  }

  get alive(): boolean {
    return this.#alive;
  }

  async script(sql: string): Promise<readonly pg.QueryResult[]> {
    const results: pg.QueryResult | pg.QueryResult[] = await this.client.query(sql);
    return Array.isArray(results) ? results : [results];
  }

  async rows<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    return (await this.client.query<T>(sql, [...values])).rows;
  }

  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work(this);
    } finally {
      this.#users -= 1;
      if (this.#retired) this.retire();
    }
  }

  /** Closes it once nobody uses it any more. */
  retire(): void {
    this.#retired = true;
    if (this.#users === 0) void this.client.end().catch(() => undefined);
  }
}

export class SqlChannel {
  readonly endpoint: Endpoint;
  #warm: Connection | null = null;
  #closed = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** Runs `work` on a new connection, which then is the warm one. Throws a TargetError when there is none to be had. */
  async fresh<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const connection = await this.#open();
    return connection
      .use(async (session) => {
        const answer = await work(session);
        this.#keep(connection);
        return answer;
      })
      .catch((error: unknown) => {
        connection.retire();
        throw error;
      });
  }

  /** Runs `work` on the open connection; null when there is none (any more). */
  async warm<T>(work: (session: Session) => Promise<T>): Promise<T | null> {
    const connection = this.#warm;
    if (connection === null || !connection.alive) return null;
    try {
      return await connection.use(work);
    } catch (error) {
      if (connection.alive) throw error;
      return null;
    }
  }

  /** The open connection, else a new one. */
  async any<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const answer = await this.warm(async (session) => ({ value: await work(session) }));
    return answer === null ? this.fresh(work) : answer.value;
  }

  /** Runs `work` on a connection to another database of this server, closed afterwards. Throws what `pg` throws. */
  async elsewhere<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    const connection = new Connection(new pg.Client({ ...this.endpoint.config, database }));
    try {
      await connectAsItself(connection.client, this.endpoint.config);
      return await work(connection);
    } finally {
      await connection.client.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#warm?.client.end().catch(() => undefined);
    this.#warm = null;
  }

  async #open(): Promise<Connection> {
    const client = new pg.Client(this.endpoint.config);
    const connection = new Connection(client);
    try {
      await connectAsItself(client, this.endpoint.config);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw connectError(this.endpoint, error);
    }
    return connection;
  }

  #keep(connection: Connection): void {
    if (this.#closed) return connection.retire();
    this.#warm?.retire();
    this.#warm = connection;
  }
}
