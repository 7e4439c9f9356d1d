/** Work that must not run twice at one time, whoever does it: one transaction after the other. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** `what`: those with the same words wait for each other, until the transaction ends. */
export function inTurn<T>(db: Kysely<Tables>, what: string, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext(${`knowngood ${what}`}))`.execute(tx);
    return work(tx);
  });
}
