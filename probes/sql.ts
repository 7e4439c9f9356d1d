/** Check kind `sql`: always a new connection, as the dependent's role, from its address where that is on this host. */
import pg from 'pg';
import type { SqlCheck } from '../domain/check.ts';
import type { ResolveSecret } from './http.ts';
import { failedWith, noData, passed, probeError, type Measured } from './measured.ts';
import { fromNetworkError } from './network-error.ts';
import { disconnect, PasswordMissing, sqlOptions } from './sql-connection.ts';
import { classOf } from './sqlstate.ts';

export async function measureSql(check: SqlCheck, resolveSecret: ResolveSecret): Promise<Measured> {
  let options: pg.ClientConfig;
  try {
    options = await sqlOptions(check, resolveSecret);
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
  let connected = false;
  const beganAt = performance.now();
  const connecting = client.connect().then(() => void (connected = true));
  try {
    return await Promise.race([ask(client, connecting, beganAt, check), late]);
  } finally {
    clearTimeout(timer);
    void disconnect(client, connected);
  }
}

async function ask(client: pg.Client, connecting: Promise<void>, beganAt: number, check: SqlCheck): Promise<Measured> {
  try {
    await connecting;
    const ageMs = await begin(client, check.timeoutMs);
    if (typeof ageMs !== 'number') return ageMs;
    // Spans of time are compared, the server's with ours, never two hosts' clocks.
    if (ageMs > performance.now() - beganAt + toleranceMs)
      return noData('pooled', 'a pooler answered with a server connection that is older than this check');
    await client.query(check.query);
    return passed;
  } catch (error) {
    return fromError(error);
  }
}

/** For a step of the server's clock in between; a connection so young was opened for nobody else's sake. */
const toleranceMs = 50;

/**
 * Opens the transaction of the check, which cannot write, and answers how old its server connection is.
 *
 * All of it ends with the transaction: a pooler refuses such options when connecting, and would hand a SET on to others.
 */
async function begin(client: pg.Client, timeoutMs: number): Promise<number | Measured> {
  try {
    const results = (await client.query(
      `begin transaction read only;
       set local statement_timeout = ${Math.ceil(timeoutMs)};
       select (extract(epoch from pg_catalog.clock_timestamp() - backend_start) * 1000)::float8 as age
         from pg_catalog.pg_stat_activity where pid = pg_catalog.pg_backend_pid()`,
    )) as unknown as readonly pg.QueryResult<{ age: number | null }>[];
    return results.at(-1)?.rows[0]?.age ?? probeError('pg_stat_activity', unseen);
  } catch (error) {
    // Its own question, not the dependent's: whoever revoked this view denied the dependent nothing.
    const { code } = error as { code?: unknown };
    if (code === '42501') return probeError('pg_stat_activity', unseen);
    throw error;
  }
}

const unseen = 'pg_stat_activity does not show this role its own connection: a pooler could not be told apart';

function fromError(error: unknown): Measured {
  if (error instanceof PasswordMissing) return failedWith('access', null, error.message);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof pg.DatabaseError && typeof code === 'string')
    return failedWith(classOf(code), code, String(message));
  if (/timeout expired|Connection terminated due to connection timeout/i.test(String(message)))
    return failedWith('timeout', null, String(message));
  // The server closed it without a word: it goes down, or comes up.
  if (/Connection terminated/i.test(String(message))) return failedWith('starting-up', null, String(message));
  return fromNetworkError(error);
}
