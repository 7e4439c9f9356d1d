/** Who was seen to connect to each target. Counts are added up, so a batch whose answer is lost may count twice. */
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import { type ObservedPrincipal, mostPrincipals, ownApplications } from '../domain/access/observed.ts';
import type { Store } from './store.ts';
import { tableOf, type Tables } from './tables.ts';

type ObservedStore = Pick<Store, 'addObserved' | 'observed'>;

/** Ten columns a row, and PostgreSQL takes 65,535 parameters a statement. */
const rowsPerStatement = 2_000;

const sayLittle = sql.join(['', ...ownApplications].map((name) => sql.lit(name)));

export function observedStore(db: Kysely<Tables>): ObservedStore {
  return {
    async addObserved(target, principals) {
      for (let from = 0; from < principals.length; from += rowsPerStatement) {
        await db
          .insertInto('observed')
          .values(principals.slice(from, from + rowsPerStatement).map((one) => rowOf(target, one)))
          .onConflict((conflict) =>
            conflict.columns(['target', 'user_name', 'database_name', 'address', 'tls', 'replication']).doUpdateSet({
              // As `merged` chooses.
              application_name: sql`case
                when excluded.application_name in (${sayLittle}) and observed.application_name <> ''
                  then observed.application_name
                when observed.application_name in (${sayLittle}) or excluded.last_seen_at >= observed.last_seen_at
                  then excluded.application_name
                else observed.application_name end`,
              first_seen_at: sql`least(observed.first_seen_at, excluded.first_seen_at)`,
              last_seen_at: sql`greatest(observed.last_seen_at, excluded.last_seen_at)`,
              connections: sql`observed.connections + excluded.connections`,
            }),
          )
          .execute();
      }
      if (principals.length > 0) await forget(db, target);
    },

    async observed(target) {
      const rows = await db
        .selectFrom('observed')
        .selectAll()
        .where('target', '=', target)
        .orderBy(sql`user_name collate "C"`)
        .orderBy(sql`database_name collate "C"`)
        .orderBy('replication')
        .orderBy(sql`address collate "C"`)
        .orderBy('tls')
        .execute();
      return rows.map(principalOf);
    },
  };
}

/** Clients whose addresses change every hour must not fill the store: those seen longest ago go. */
async function forget(db: Kysely<Tables>, target: string): Promise<void> {
  const { rows } = await sql<{ at: Date }>`
    select last_seen_at as at from ${tableOf('observed')} where target = ${target}
    order by last_seen_at desc offset ${mostPrincipals} limit 1`.execute(db);
  const [oldest] = rows;
  if (oldest === undefined) return;
  await db.deleteFrom('observed').where('target', '=', target).where('last_seen_at', '<=', oldest.at).execute();
}

/** Both are names of PostgreSQL's own, so neither holds a NUL; what an application calls itself holds none either. */
function rowOf(target: string, one: ObservedPrincipal): Insertable<Tables['observed']> {
  return {
    target,
    user_name: one.user,
    database_name: one.database,
    address: one.address ?? '',
    tls: one.tls,
    replication: one.replication,
    application_name: one.applicationName,
    first_seen_at: new Date(one.firstSeen),
    last_seen_at: new Date(one.lastSeen),
    connections: one.count,
  };
}

function principalOf(row: Selectable<Tables['observed']>): ObservedPrincipal {
  return {
    user: row.user_name,
    database: row.database_name,
    address: row.address === '' ? null : row.address,
    tls: row.tls,
    replication: row.replication,
    applicationName: row.application_name,
    firstSeen: row.first_seen_at.getTime(),
    lastSeen: row.last_seen_at.getTime(),
    // A bigint comes as text.
    count: Number(row.connections),
  };
}
