/** A connection that works as the role it logged in as, whatever "ALTER ROLE … SET role" says: a change may have set it. */
import type pg from 'pg';

/** A role that the connection itself asks for stays. */
export async function connectAsItself(client: pg.Client, { options }: pg.ClientConfig): Promise<void> {
  await client.connect();
  if (!/\brole\s*=/.test(options ?? '')) await client.query('set role none');
}
