/** How a `sql` check connects: its role, password, TLS and address; and how it leaves. */
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type pg from 'pg';
import type { SqlCheck } from '../domain/check.ts';
import type { ResolveSecret } from './http.ts';

/** The server asks for a password and the check has none: its dependent would be denied just so. */
export class PasswordMissing extends Error {
  constructor() {
    super('the server asks for a password, and the check has none');
  }
}

/** Throws when the password or the CA file cannot be read. */
export async function sqlOptions(check: SqlCheck, resolveSecret: ResolveSecret): Promise<pg.ClientConfig> {
  const { sourceAddress } = check;
  const password = check.password === null ? null : await resolveSecret(check.password);
  return {
    host: check.host,
    port: check.port,
    database: check.database,
    user: check.user,
    // A function, because pg takes an empty password for none and looks into PGPASSWORD and the password file.
    password: () => {
      if (password === null) throw new PasswordMissing();
      return password;
    },
    application_name: 'knowngood-probe',
    connectionTimeoutMillis: check.timeoutMs,
    ssl: await tlsOf(check),
    stream: () => {
      const socket = new Socket();
      return sourceAddress === null ? socket : fromAddress(socket, sourceAddress);
    },
  };
}

/** pg calls `connect(port, host)`, which has no room for a local address. */
function fromAddress(socket: Socket, localAddress: string): Socket {
  const connect = socket.connect.bind(socket) as (options: object) => Socket;
  socket.connect = ((port: number, host: string) => connect({ port, host, localAddress })) as typeof socket.connect;
  return socket;
}

/** As libpq has it: `require` with a CA file verifies the chain too; `verify-ca` verifies it, but not the name. */
async function tlsOf({ sslmode, sslrootcert }: SqlCheck): Promise<pg.ClientConfig['ssl']> {
  if (sslmode === 'disable') return false;
  if (sslmode === 'require' && sslrootcert === null) return { rejectUnauthorized: false };
  const trusted = sslrootcert === null ? {} : { ca: await readFile(sslrootcert, 'utf8') };
  const named = sslmode === 'verify-full' ? {} : { checkServerIdentity: () => undefined };
  return { rejectUnauthorized: true, ...trusted, ...named };
}

/** In good form, so that neither the server nor a pooler loses a connection over it; by force after half a second. */
export async function disconnect(client: pg.Client, connected: boolean): Promise<void> {
  const stream = (): Socket | undefined =>
    (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;
  const forced = setTimeout(() => stream()?.destroy(), 500);
  // A connection that was never made would keep a query in its queue for ever.
  if (connected) await client.query('rollback').catch(() => undefined);
  await client.end().catch(() => undefined);
  clearTimeout(forced);
  stream()?.destroy();
}
