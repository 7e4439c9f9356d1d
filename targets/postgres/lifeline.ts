/**
 * The lifeline: a session on the server's own socket, opened before the first write of a change and kept until its end. A
 * reload, another pg_hba.conf, or an address that the server no longer listens on do not touch it.
 */
import pg from 'pg';
import { connectAsItself } from './connect.ts';
import { type Endpoint, placeOf } from './endpoint.ts';
import type { Postmaster } from './postmaster.ts';
import { Connection, type Session } from './session.ts';
import { messageOf } from './target-error.ts';

export type Pinned =
  /** `note`: why it is not on the socket. */
  | { readonly open: true; readonly place: string; readonly note: string | null }
  | { readonly open: false; readonly why: string };

/** What a change may set for everybody must not end it; a setting of a later version is passed over. */
const keepOpen = `
  select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
  where name in ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout', 'transaction_timeout')`;

const mayReload = `select pg_catalog.has_function_privilege('pg_catalog.pg_reload_conf()', 'execute') as reload`;

interface Held {
  readonly connection: Connection;
  readonly pinned: Extract<Pinned, { open: true }>;
}

export class Lifeline {
  readonly #endpoint: Endpoint;
  #held: Held | null = null;
  #pinning: Promise<Pinned> | null = null;
  #closed = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Sees that it is alive, else opens it; on the socket if that lets the agent in, else where the agent connects. */
  pin(postmaster: Postmaster | null): Promise<Pinned> {
    return (this.#pinning ??= this.#pin(postmaster).finally(() => (this.#pinning = null)));
  }

  /** Runs `work` on it; null: it is not open (any more). */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T | null> {
    const held = this.#held;
    if (held === null || !held.connection.alive) return null;
    try {
      return await held.connection.use(work);
    } catch (error) {
      if (held.connection.alive) throw error;
      return null;
    }
  }

  /** How it stands, without asking the server. */
  get state(): Pinned {
    if (this.#held === null) return { open: false, why: 'not open' };
    const { connection, pinned } = this.#held;
    return connection.lost === null ? pinned : { open: false, why: `lost: ${connection.lost}` };
  }

  /** The change is over. */
  letGo(): void {
    this.#held?.connection.retire();
    this.#held = null;
  }

  close(): void {
    this.#closed = true;
    this.letGo();
  }

  async #pin(postmaster: Postmaster | null): Promise<Pinned> {
    const answers = await this.use((session) => session.rows('select 1')).catch(() => null);
    if (answers !== null) return this.state;
    this.letGo();
    const places = [...onSocket(this.#endpoint, postmaster), this.#endpoint];
    const refusals: string[] = [];
    for (const place of places) {
      try {
        const note = refusals.length > 0 ? refusals.join('; ') : null;
        return this.#hold(await opened(place, note));
      } catch (error) {
        refusals.push(`${placeOf(place)}: ${messageOf(error)}`);
      }
    }
    return { open: false, why: refusals.join('; ') };
  }

  #hold(held: Held): Pinned {
    if (this.#closed) {
      held.connection.retire();
      return { open: false, why: 'the agent stops' };
    }
    this.#held = held;
    return held.pinned;
  }
}

/** Empty: the agent connects there anyway, or the server has no socket that can be seen from here. */
function onSocket(endpoint: Endpoint, postmaster: Postmaster | null): readonly Endpoint[] {
  if (postmaster?.socketDir == null || endpoint.host.startsWith('/')) return [];
  const at = { host: postmaster.socketDir, port: postmaster.port };
  return [{ ...endpoint, ...at, tls: false, config: { ...endpoint.config, ...at, ssl: false } }];
}

async function opened(place: Endpoint, note: string | null): Promise<Held> {
  const client = new pg.Client(place.config);
  const connection = new Connection(client);
  try {
    await connectAsItself(client, place.config);
    await connection.rows(keepOpen);
    const [may] = await connection.rows<{ reload: boolean }>(mayReload);
    if (may?.reload !== true) throw new Error('the session may not reload the configuration');
    return { connection, pinned: { open: true, place: placeOf(place), note } };
  } catch (error) {
    connection.retire();
    throw error;
  }
}
