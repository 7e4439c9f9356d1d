/** All targets at a glance, by one query. */
import { type Kysely, sql } from 'kysely';
import type { Store, TargetOverview } from './store.ts';
import { tableOf, type Tables } from './tables.ts';

interface Row {
  readonly target: string;
  readonly snapshot_at: Date | null;
  readonly known_good_at: Date | null;
  readonly open: number;
  readonly oldest_open_at: Date | null;
  readonly drift_since: Date | null;
  readonly looked_at: Date | null;
}

export function overviewStore(db: Kysely<Tables>): Pick<Store, 'overview'> {
  return {
    async overview() {
      const { rows } = await sql<Row>`
        select target, max(snapshot_at) as snapshot_at, max(known_good_at) as known_good_at, sum(open)::int as open,
          min(oldest_open_at) as oldest_open_at, min(drift_since) as drift_since, max(looked_at) as looked_at
        from (
          select target, max(last_seen_at) as snapshot_at, max(known_good_at) as known_good_at, 0 as open,
            null::timestamptz as oldest_open_at, null::timestamptz as drift_since, null::timestamptz as looked_at
          from ${tableOf('sightings')} group by target
          union all
          select target, null, null, count(*), min(started_at), null, null
          from ${tableOf('changes')} where outcome is null group by target
          union all
          select target, null, null, 0, null, first_seen_at, null
          from ${tableOf('drifts')} where gone_at is null and not replaced
          union all
          select target, null, null, 0, null, null, looked_at from ${tableOf('drift_looks')}
        ) each_of group by target order by target`.execute(db);
      return rows.map(overviewOf);
    },
  };
}

function overviewOf(row: Row): TargetOverview {
  const ms = (at: Date | null): number | null => at?.getTime() ?? null;
  return {
    target: row.target,
    snapshotAt: ms(row.snapshot_at),
    knownGoodAt: ms(row.known_good_at),
    open: row.open,
    oldestOpenAt: ms(row.oldest_open_at),
    driftSince: ms(row.drift_since),
    lookedAt: ms(row.looked_at),
  };
}
