/**
 * Removes what nobody needs any more: snapshots that were not seen for long, measurements of changes that ended long ago.
 * Whatever an open or a recent change, a drift, an acceptance or a way back rests on stays, however old it is.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Store } from './store.ts';
import { tableOf, type Tables } from './tables.ts';

export interface Removed {
  readonly snapshots: number;
  readonly samples: number;
}

/** A round is one short transaction for each kind, so that nobody waits for it. */
const mostSnapshots = 200;
const mostSamples = 10_000;

export function retentionStore(db: Kysely<Tables>): Pick<Store, 'prune' | 'prunable'> {
  return {
    async prune({ snapshots, samples }) {
      return {
        snapshots: snapshots === null ? 0 : await pruneSnapshots(db, new Date(snapshots)),
        samples: samples === null ? 0 : await pruneSamples(db, new Date(samples)),
      };
    },

    async prunable({ snapshots, samples }) {
      const count = async (query: RawBuilder<unknown>): Promise<number> =>
        (await sql<{ count: number }>`select count(*)::int as count from (${query}) unneeded`.execute(db)).rows[0]
          ?.count ?? 0;
      return {
        snapshots: snapshots === null ? 0 : await count(unneeded(new Date(snapshots))),
        samples: samples === null ? 0 : await count(outlived(new Date(samples))),
      };
    },
  };
}

async function pruneSnapshots(db: Kysely<Tables>, cutoff: Date): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const found = await sql<{ id: string }>`${unneeded(cutoff)} order by 1 limit ${mostSnapshots}`.execute(tx);
    if (found.rows.length === 0) return 0;
    const ids = found.rows.map(({ id }) => id);
    // Whoever sees one of them again waits for this lock, and then stores it anew.
    await sql`select from ${tableOf('snapshots')} where id = any(${ids}) order by id for update`.execute(tx);
    // Looked at once more: somebody may have seen one, or begun to need it, before it was locked.
    const left = await sql<{ id: string }>`${unneeded(cutoff)} and s.id = any(${ids})`.execute(tx);
    const gone = left.rows.map(({ id }) => id);
    await sql`delete from ${tableOf('sightings')} where snapshot_id = any(${gone})`.execute(tx);
    await sql`delete from ${tableOf('snapshots')} where id = any(${gone})`.execute(tx);
    return gone.length;
  });
}

/** Ids; ends in conditions, so that more can be added. */
function unneeded(cutoff: Date): RawBuilder<{ readonly id: string }> {
  const [snapshots, sightings, changes] = [tableOf('snapshots'), tableOf('sightings'), tableOf('changes')];
  return sql<{ id: string }>`
    with recent as materialized (
      select target, change_id, needs, result from ${changes} where outcome is null or closed_at >= ${cutoff}
    ), kept as (
      -- Seen not long ago.
      select snapshot_id as id from ${sightings} where last_seen_at >= ${cutoff} or known_good_at >= ${cutoff}
      -- The newest of each target, and the one that is known-good.
      union all
      (select distinct on (target) snapshot_id from ${sightings} order by target, last_seen_at desc)
      union all
      (select distinct on (target) snapshot_id from ${sightings} where known_good_at is not null
        order by target, known_good_at desc)
      -- What a change that is open, or ended not long ago, saw, goes back to, or ended with.
      union all
      select g.snapshot_id from recent c join ${sightings} g using (target, change_id)
      union all
      select unnest(needs) from recent
      union all
      select it.value from recent, json_each_text(coalesce(result -> 'snapshots', '{}')) it
      union all
      select unnest(array[snapshot_id, known_good_id]) from ${tableOf('drifts')} where gone_at is null or gone_at >= ${cutoff}
      -- Who accepted what stays on record with it.
      union all
      select snapshot_id from ${tableOf('acceptances')}
    )
    select s.id from ${snapshots} s
    where s.created_at < ${cutoff} and not exists (select from kept where kept.id = s.id)`;
}

async function pruneSamples(db: Kysely<Tables>, cutoff: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from ${tableOf('samples')} where ctid = any(array(${outlived(cutoff)} limit ${mostSamples}))`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/** Of changes that ended before then, and of those that nobody knows. */
function outlived(cutoff: Date): RawBuilder<unknown> {
  return sql`
    select m.ctid from ${tableOf('samples')} m
    where m.at < ${cutoff} and not exists (
      select from ${tableOf('changes')} c
      where c.target = m.target and c.change_id = m.change_id and (c.outcome is null or c.closed_at >= ${cutoff}))`;
}
