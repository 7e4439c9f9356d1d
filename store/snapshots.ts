/** Snapshots by content, and where and when each was seen. */
import { type Kysely, sql } from 'kysely';
import type { Snapshot } from '../domain/snapshot.ts';
import { inTurnOfKnownGood, makeKnownGood } from './known-good.ts';
import { pack, unpack } from './packed.ts';
import { StoreError } from './store-error.ts';
import type { SnapshotRow, Store } from './store.ts';
import type { Tables } from './tables.ts';

type SnapshotStore = Pick<
  Store,
  | 'putSnapshot'
  | 'snapshot'
  | 'sealedBody'
  | 'sealedBeginningWith'
  | 'replaceSealed'
  | 'snapshots'
  | 'markKnownGood'
  | 'knownGood'
>;

const wholeId = /^[0-9a-f]{64}$/;
/** Six characters tell 16 million snapshots apart; fewer would be a guess. */
const idOrPrefix = /^[0-9a-f]{6,64}$/;

export function snapshotStore(db: Kysely<Tables>): SnapshotStore {
  const rows = (target: string) =>
    db
      .selectFrom('sightings')
      .innerJoin('snapshots', 'snapshots.id', 'sightings.snapshot_id')
      .select(['snapshots.id', 'target', 'last_seen_at', 'change_id', 'known_good_at', 'version'])
      .where('target', '=', target);

  return {
    async putSnapshot(target, snapshot, sealed, changeId) {
      const packed = await pack(snapshot);
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('snapshots')
          .values({
            id: snapshot.id,
            version: snapshot.sections.server.version,
            document: null,
            packed,
            sealed,
          })
          // Same content, perhaps a new key of the agent: the body that today's key opens is the useful one.
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ sealed }))
          .execute();
        await tx
          .insertInto('sightings')
          .values({ target, snapshot_id: snapshot.id, change_id: changeId, known_good_at: null })
          .onConflict((conflict) =>
            conflict.columns(['target', 'snapshot_id']).doUpdateSet({ last_seen_at: sql`now()`, change_id: changeId }),
          )
          .execute();
      });
    },

    async snapshot(target, id) {
      if (!idOrPrefix.test(id)) throw new StoreError(badPrefix(id), false);
      const found = await db
        .selectFrom('snapshots')
        .select(['id', 'document', 'packed'])
        .where('id', 'like', `${id}%`)
        .$if(target !== null, (query) =>
          query.where('id', 'in', db.selectFrom('sightings').select('snapshot_id').where('target', '=', target)),
        )
        .orderBy('id')
        .limit(wholeId.test(id) ? 1 : 5)
        .execute();
      if (found.length > 1) throw new StoreError(ambiguous(id, found), false);
      const [row] = found;
      if (row === undefined) return null;
      return row.packed === null ? row.document : unpack<Snapshot>(row.packed);
    },

    async sealedBody(id) {
      const row = await db.selectFrom('snapshots').select('sealed').where('id', '=', id).executeTakeFirst();
      return row?.sealed ?? null;
    },

    async sealedBeginningWith(prefix, after, limit) {
      const found = await db
        .selectFrom('snapshots')
        .select('id')
        .where(sql`substring(sealed from 1 for ${prefix.length})`, '=', prefix)
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute();
      return found.map(({ id }) => id);
    },

    async replaceSealed(id, from, to) {
      const { numUpdatedRows } = await db
        .updateTable('snapshots')
        .set({ sealed: to })
        .where('id', '=', id)
        .where('sealed', '=', from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async snapshots(target, limit) {
      const found = await rows(target).orderBy('last_seen_at', 'desc').orderBy('snapshots.id').limit(limit).execute();
      return found.map(rowOf);
    },

    markKnownGood: (target, snapshotId, changeId) =>
      inTurnOfKnownGood(db, target, (tx) => makeKnownGood(tx, { target, snapshotId, changeId })),

    async knownGood(target) {
      const newest = await rows(target)
        .where('known_good_at', 'is not', null)
        .orderBy('known_good_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return newest === undefined ? null : rowOf(newest);
    },
  };
}

interface FoundRow {
  readonly id: string;
  readonly target: string;
  readonly last_seen_at: Date;
  readonly change_id: string | null;
  readonly known_good_at: Date | null;
  readonly version: string;
}

function rowOf(row: FoundRow): SnapshotRow {
  return {
    id: row.id,
    target: row.target,
    takenAt: row.last_seen_at,
    changeId: row.change_id,
    knownGoodAt: row.known_good_at,
    version: row.version,
  };
}

const badPrefix = (id: string) => ({
  code: 'bad-snapshot-id',
  message: `"${id}" is no snapshot id`,
  detail: 'an id is 64 hexadecimal digits; its first 6 or more will do',
  hint: 'List them with: knowngood snapshot list <target>.',
});

const ambiguous = (id: string, found: readonly Pick<Snapshot, 'id'>[]) => ({
  code: 'ambiguous-snapshot-id',
  message: `snapshot id "${id}" fits more than one snapshot`,
  detail: found.map((each) => each.id.slice(0, id.length + 6)).join(', '),
  hint: 'Give more of its characters.',
});
