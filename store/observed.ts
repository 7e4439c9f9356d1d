/** Who was seen connecting to a target: each distinct principal once, with first, last and how often. */
import { type Insertable, type Kysely, sql } from 'kysely';
import type { Observed } from '../domain/access/observed.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

type ObservedStore = Pick<Store, 'addObserved' | 'observed'>;

/** Ten columns a row, and PostgreSQL takes 65,535 parameters a statement. */
const rowsPerStatement = 2_000;

export function observedStore(db: Kysely<Tables>): ObservedStore {
  return {
    async addObserved(target, observed) {
      for (let from = 0; from < observed.length; from += rowsPerStatement) {
        const rows = observed.slice(from, from + rowsPerStatement).map((one) => rowOf(target, one));
        await db
          .insertInto('observed_access')
          .values(rows)
          .onConflict((conflict) =>
            conflict.columns(['target', 'role', 'database', 'address', 'tls', 'replication']).doUpdateSet({
              first_seen: sql<Date>`least(observed_access.first_seen, excluded.first_seen)`,
              last_seen: sql<Date>`greatest(observed_access.last_seen, excluded.last_seen)`,
              connections: sql<number>`observed_access.connections + excluded.connections`,
              application_name: sql<string>`excluded.application_name`,
            }),
          )
          .execute();
      }
    },

    async observed(target) {
      const rows = await db
        .selectFrom('observed_access')
        .selectAll()
        .where('target', '=', target)
        .orderBy('role')
        .orderBy('database')
        .orderBy('address')
        .orderBy('tls')
        .execute();
      return rows.map((row): Observed => ({
        user: row.role,
        database: row.database,
        address: row.address === '' ? null : row.address,
        tls: row.tls,
        replication: row.replication,
        applicationName: row.application_name,
        firstSeen: row.first_seen.getTime(),
        lastSeen: row.last_seen.getTime(),
        count: Number(row.connections),
      }));
    },
  };
}

function rowOf(target: string, one: Observed): Insertable<Tables['observed_access']> {
  return {
    target,
    role: one.user,
    database: one.database,
    // Part of a key, which null cannot be.
    address: one.address ?? '',
    tls: one.tls,
    replication: one.replication,
    application_name: one.applicationName.replaceAll('\u0000', ''),
    first_seen: new Date(one.firstSeen),
    last_seen: new Date(one.lastSeen),
    connections: one.count,
  };
}
