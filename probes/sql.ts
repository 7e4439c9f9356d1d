/** Check kind `sql`: always a new connection, as the dependent's role, from its address where that is on this host. */
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import pg from 'pg';
import type { SqlCheck } from '../domain/check.ts';
import type { ResolveSecret } from './http.ts';
import { failedWith, noData, passed, probeError, type Measured } from './measured.ts';
import { fromNetworkError } from './network-error.ts';
import { classOf } from './sqlstate.ts';

export async function measureSql(check: SqlCheck, resolveSecret: ResolveSecret): Promise<Measured> {
  let options: pg.ClientConfig;
  try {
    options = await optionsOf(check, resolveSecret);
  } catch (error) {
    // 28P01 for want of a password would blame the dependent for what the probe cannot read.
    return probeError('secret', error instanceof Error ? error.message : 'the password could not be read');
  }
  const client = new pg.Client(options);
  // A server that ends the connection later must not end this process.
  client.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Measured>((resolve) => {
    timer = setTimeout(
      () => resolve(failedWith('timeout', null, `no answer within ${check.timeoutMs} ms`)),
      check.timeoutMs,
    );
  });
  try {
    return await Promise.race([ask(client, check), late]);
  } finally {
    clearTimeout(timer);
    void close(client);
  }
}

async function ask(client: pg.Client, check: SqlCheck): Promise<Measured> {
  const beganAt = performance.now();
  try {
    await client.connect();
    if (await isPooled(client, () => performance.now() - beganAt))
      return noData('pooled', 'a pooler answered with a server connection that is older than this check');
    await client.query(check.query);
    return passed;
  } catch (error) {
    return fromError(error);
  }
}

/** A backend that is older, by its server's own clock, than this connection by ours was not started for it. */
async function isPooled(client: pg.Client, connectedForMs: () => number): Promise<boolean> {
  const { rows } = await client.query<{ ageMs: number | null }>(
    `select extract(epoch from clock_timestamp() - backend_start)::float8 * 1000 as "ageMs"
       from pg_stat_activity where pid = pg_backend_pid()`,
  );
  const ageMs = rows[0]?.ageMs;
  return typeof ageMs === 'number' && ageMs > connectedForMs() + toleranceMs;
}

/** Clocks of two hosts are never compared: only spans of time are. */
const toleranceMs = 250;

async function optionsOf(check: SqlCheck, resolveSecret: ResolveSecret): Promise<pg.ClientConfig> {
  const { sourceAddress } = check;
  return {
    host: check.host,
    port: check.port,
    database: check.database,
    user: check.user,
    // An empty password keeps pg from looking for one in PGPASSWORD or a password file.
    password: check.password === null ? '' : await resolveSecret(check.password),
    application_name: 'knowngood-probe',
    connectionTimeoutMillis: check.timeoutMs,
    statement_timeout: check.timeoutMs,
    options: '-c default_transaction_read_only=on',
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

async function tlsOf({ sslmode, sslrootcert, host }: SqlCheck): Promise<pg.ClientConfig['ssl']> {
  if (sslmode === 'disable') return false;
  const ca = sslrootcert === null ? undefined : await readFile(sslrootcert, 'utf8');
  const trusted = ca === undefined ? {} : { ca };
  if (sslmode === 'require') return { rejectUnauthorized: false, ...trusted };
  // verify-ca: the chain counts, the name does not.
  const named = sslmode === 'verify-full' ? { servername: host } : { checkServerIdentity: () => undefined };
  return { rejectUnauthorized: true, ...trusted, ...named };
}

function fromError(error: unknown): Measured {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && error instanceof pg.DatabaseError)
    return failedWith(classOf(code), code, String(message));
  if (/timeout expired|Connection terminated due to connection timeout/i.test(String(message)))
    return failedWith('timeout', null, String(message));
  if (/does not support SSL/i.test(String(message))) return failedWith('tls', null, String(message));
  // The server closed it without a word: it goes down, or comes up.
  if (/Connection terminated/i.test(String(message))) return failedWith('starting-up', null, String(message));
  return fromNetworkError(error);
}

async function close(client: pg.Client): Promise<void> {
  const stream = (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;
  const forced = setTimeout(() => stream?.destroy(), 500);
  await client.end().catch(() => undefined);
  clearTimeout(forced);
  stream?.destroy();
}
