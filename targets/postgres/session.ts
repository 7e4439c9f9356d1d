/** One connection to a server, and what is done through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

const goodbyeMs = 1_000;

export interface Session {
  /** Simple protocol: several statements in one round trip give several results. */
  script(sql: string): Promise<readonly pg.QueryResult[]>;
  rows<T extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<readonly T[]>;
}

export class Connection implements Session {
  readonly client: pg.Client;
  #lost: string | null = null;
  #users = 0;
  #retired = false;

  constructor(client: pg.Client) {
    this.client = client;
    client.on('error', ({ message }) => (this.#lost = message));
    client.on('end', () => (this.#lost ??= 'the server closed it'));
  }

  get alive(): boolean {
    return this.#lost === null;
  }

  /** Nobody uses it now. */
  get idle(): boolean {
    return this.#users === 0;
  }

  /** Why it is not alive. */
  get lost(): string | null {
    return this.#lost;
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
    if (this.#users === 0) void this.end();
  }

  /** Resolves once it is closed, for a server that does not answer by our side alone. */
  async end(): Promise<void> {
    const polite = this.client.end().catch(() => undefined);
    const late = new AbortController();
    await Promise.race([polite, sleep(goodbyeMs, undefined, late)]);
    late.abort();
    this.client.connection.stream.destroy();
  }
}
