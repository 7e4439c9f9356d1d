/** Who is connected just now, each principal once: one cheap query on the session that is open anyway. */
import type { Sighting } from '../../domain/access/observed.ts';
import type { Session } from './session.ts';

export interface SessionsSeen {
  readonly sightings: readonly Sighting[];
  /** The server's clock, Unix ms: connections begun after it are new at the next look. */
  readonly at: number;
  /** Sessions of others of which the agent's role may see nothing. */
  readonly hidden: number;
}

/** One call of the function behind `pg_stat_activity` and `pg_stat_ssl`, which each view would make anew. */
const query = `
  select pg_catalog.pg_get_userbyid(a.usesysid)::text as "user", coalesce(d.datname::text, '') as database,
         pg_catalog.host(a.client_addr) as address, coalesce(a.ssl, false) as tls,
         a.backend_type = 'walsender' and a.datid is null as replication,
         coalesce(pg_catalog.left(max(a.application_name), 64), '') as "applicationName",
         count(*) filter (where a.backend_start > $1)::int as connections, a.backend_type is null as hidden,
         count(*)::int as sessions, (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::float8 as at
  from pg_catalog.pg_stat_get_activity(null) a left join pg_catalog.pg_database d on d.oid = a.datid
  where a.usesysid is not null and (a.backend_type is null or a.backend_type in ('client backend', 'walsender'))
    and a.pid <> pg_catalog.pg_backend_pid() and a.application_name is distinct from 'knowngood agent'
  group by 1, 2, 3, 4, 5, 8`;

type Row = Sighting & { readonly hidden: boolean; readonly sessions: number; readonly at: number };

/** `since`: the `at` of the look before; null: every connection is new. */
export async function sampleSessions(session: Session, since: number | null): Promise<SessionsSeen> {
  const rows = await session.rows<Row & Record<string, unknown>>(query, [new Date(since ?? 0)]);
  const sightings = rows
    .filter(({ hidden }) => !hidden)
    .map(({ user, database, address, tls, replication, applicationName, connections }) => {
      return { user, database, address, tls, replication, applicationName, connections };
    });
  const hidden = rows.reduce((sum, row) => sum + (row.hidden ? row.sessions : 0), 0);
  return { sightings, at: rows[0]?.at ?? Date.now(), hidden };
}
