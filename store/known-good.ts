/** Which snapshot of a target is the known-good one: the newest that has become it. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

export async function makeKnownGood(
  db: Kysely<Tables>,
  sighting: { readonly target: string; readonly snapshotId: string; readonly changeId: string | null },
): Promise<void> {
  const { target, snapshotId, changeId } = sighting;
  await db
    .insertInto('sightings')
    .values({ target, snapshot_id: snapshotId, change_id: changeId, known_good_at: new Date() })
    .onConflict((conflict) => conflict.columns(['target', 'snapshot_id']).doUpdateSet({ known_good_at: sql`now()` }))
    .execute();
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
