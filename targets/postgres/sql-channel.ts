/**
 * Connections of the agent to its server. The newest one is kept warm: it is the first escape hatch when a change locks
 * everybody out, because open sessions survive a reload; whatever is proven is seen on a fresh one.
 */
import pg from 'pg';
import { connectAsItself } from './connect.ts';
import { connectError } from './connect-error.ts';
import type { Endpoint } from './endpoint.ts';
import { Lifeline } from './lifeline.ts';
import { Connection, type Session } from './session.ts';

export type { Session } from './session.ts';

export class SqlChannel {
  readonly endpoint: Endpoint;
  /** Stands beside the warm connection while a change is open. */
  readonly lifeline: Lifeline;
  #warm: Connection | null = null;
  #closed = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.lifeline = new Lifeline(endpoint);
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

  /** Runs `work` on an open connection, else on the lifeline; null when there is none (any more). */
  async warm<T>(work: (session: Session) => Promise<T>): Promise<T | null> {
    const answer = await this.#onWarm(work);
    return answer === null ? this.lifeline.use(work) : answer.value;
  }

  /** The open connection, else a new one. Not the lifeline: that says nothing of where the agent connects by now. */
  async any<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const answer = await this.#onWarm(work);
    return answer === null ? this.fresh(work) : answer.value;
  }

  /** The warm connection is there. */
  get isOpen(): boolean {
    return this.#warm?.alive === true;
  }

  /** Runs `work` on the open connection while nobody else does, for what can be left out; null: there is none, or it is used. */
  async ifIdle<T>(work: (session: Session) => Promise<T>): Promise<{ readonly value: T } | null> {
    return this.#warm?.idle === true ? this.#onWarm(work) : null;
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
    this.lifeline.close();
    await this.#warm?.end();
    this.#warm = null;
  }

  async #onWarm<T>(work: (session: Session) => Promise<T>): Promise<{ readonly value: T } | null> {
    const connection = this.#warm;
    if (connection === null || !connection.alive) return null;
    try {
      return { value: await connection.use(work) };
    } catch (error) {
      if (connection.alive) throw error;
      return null;
    }
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
