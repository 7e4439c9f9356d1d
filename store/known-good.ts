/** Which snapshot of a target is the known-good one: the newest that has become it, one at a time. */
import { type Kysely, sql } from 'kysely';
import { inTurn } from './in-turn.ts';
import type { Tables } from './tables.ts';

export async function makeKnownGood(
  db: Kysely<Tables>,
  sighting: { readonly target: string; readonly snapshotId: string; readonly changeId: string | null },
): Promise<void> {
  const { target, snapshotId, changeId } = sighting;
  // By the database's clock, read in turn: now() is from before the wait.
  const known_good_at = sql<Date>`clock_timestamp()`;
  await db
    .insertInto('sightings')
    .values({ target, snapshot_id: snapshotId, change_id: changeId, known_good_at })
    .onConflict((conflict) => conflict.columns(['target', 'snapshot_id']).doUpdateSet({ known_good_at }))
    .execute();
}

/** A change that is kept and an acceptance wait for each other: neither is overtaken unseen. */
export function inTurnOfKnownGood<T>(
  db: Kysely<Tables>,
  target: string,
  work: (tx: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  return inTurn(db, `known-good ${target}`, work);
}

/** Its id; null: nothing is. */
export async function knownGoodId(db: Kysely<Tables>, target: string): Promise<string | null> {
  const newest = await db
    .selectFrom('sightings')
    .select('snapshot_id')
    .where('target', '=', target)
    .where('known_good_at', 'is not', null)
    .orderBy('known_good_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return newest?.snapshot_id ?? null;
}
