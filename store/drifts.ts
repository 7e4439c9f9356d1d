/** Drift as it was seen and told, one at a time on a target, and acceptances. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Looks } from '../domain/drift/looks.ts';
import { itemsSince, type Span } from '../domain/drift/since.ts';
import type { RememberedDrift } from '../domain/drift/telling.ts';
import type { Acceptance, DriftStore } from './drift-store.ts';
import { inTurn } from './in-turn.ts';
import { inTurnOfKnownGood, knownGoodId, makeKnownGood } from './known-good.ts';
import type { Tables } from './tables.ts';

type Row = Selectable<Tables['drifts']>;

export function driftStore(db: Kysely<Tables>): DriftStore {
  const newest = (tx: Kysely<Tables>, target: string): Promise<Row | undefined> =>
    tx
      .selectFrom('drifts')
      .selectAll()
      .where('target', '=', target)
      .where('replaced', '=', false)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();

  /** Two looks at one time would each begin a drift. */
  const oneLook = <T>(target: string, work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> =>
    inTurn(db, `drift ${target}`, work);

  return {
    async drift(target) {
      const row = await newest(db, target);
      return row === undefined ? null : rememberedOf(row);
    },

    async cleanAt(target) {
      const row = await db.selectFrom('drift_looks').select('clean_at').where('target', '=', target).executeTakeFirst();
      return row?.clean_at?.getTime() ?? null;
    },

    async sawDrift(target, { fingerprint, knownGoodId, snapshotId, items, at, knownGoodAt }) {
      return oneLook(target, async (tx) => {
        const now = new Date(at);
        const last = await newest(tx, target);
        const open = last?.gone_at === null ? last : undefined;
        if (open?.fingerprint === fingerprint) {
          const seen = {
            known_good_id: knownGoodId,
            snapshot_id: snapshotId,
            last_seen_at: sql<Date>`greatest(last_seen_at, ${now})`,
          };
          await looked(tx, target, now, null);
          return rememberedOf(
            await tx.updateTable('drifts').set(seen).where('id', '=', open.id).returningAll().executeTakeFirstOrThrow(),
          );
        }
        if (open !== undefined)
          await tx.updateTable('drifts').set({ gone_at: now, replaced: true }).where('id', '=', open.id).execute();
        // Nobody has been told yet that the one before is gone: for people it goes on.
        const before = last?.gone_told_at === null ? last : undefined;
        const looks = await tx.selectFrom('drift_looks').selectAll().where('target', '=', target).executeTakeFirst();
        const cleanAt = looks?.clean_at?.getTime() ?? 0;
        // What is known-good now may be younger than the last look.
        const since = open === undefined ? Math.max(cleanAt, knownGoodAt ?? 0) : open.last_seen_at.getTime();
        const own: Span = { notBefore: since === 0 ? null : Math.min(since, at), firstSeen: at };
        await looked(tx, target, now, null);
        return rememberedOf(
          await tx
            .insertInto('drifts')
            .values({
              target,
              fingerprint,
              known_good_id: knownGoodId,
              snapshot_id: snapshotId,
              items: JSON.stringify(itemsSince(items, open?.items, own)),
              not_before: own.notBefore === null ? null : new Date(own.notBefore),
              first_seen_at: now,
              last_seen_at: now,
              told_at: null,
              follows_told: before !== undefined && (before.tellings > 0 || before.follows_told),
              ringing: before?.ringing ?? [],
              told_of: before?.told_of ?? [],
              gone_at: null,
              gone_told_at: null,
            })
            .returningAll()
            .executeTakeFirstOrThrow(),
        );
      });
    },

    async sawNoDrift(target, at) {
      return oneLook(target, async (tx) => {
        const now = new Date(at);
        await looked(tx, target, now, now);
        const last = await newest(tx, target);
        if (last === undefined || last.gone_at !== null) return last === undefined ? null : rememberedOf(last);
        return rememberedOf(
          await tx
            .updateTable('drifts')
            .set({ gone_at: now })
            .where('id', '=', last.id)
            .returningAll()
            .executeTakeFirstOrThrow(),
        );
      });
    },

    async missedLook(target, at) {
      const row = await db
        .insertInto('drift_looks')
        .values({ target, failing_since: new Date(at) })
        .onConflict((conflict) =>
          conflict.column('target').doUpdateSet(({ ref, fn }) => ({
            failing_since: fn.coalesce(ref('drift_looks.failing_since'), ref('excluded.failing_since')),
          })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return looksOf(row);
    },

    async looks(target) {
      const row = await db.selectFrom('drift_looks').selectAll().where('target', '=', target).executeTakeFirst();
      return row === undefined ? { failingSince: null, toldAt: null } : looksOf(row);
    },

    async toldLooks(target, at) {
      await db
        .updateTable('drift_looks')
        .set({ failing_told_at: at === null ? null : new Date(at) })
        .where('target', '=', target)
        .execute();
    },

    async toldDrift({ id, goneAt, tellings, toldOf }, { at, ringing, dependents }) {
      const told = goneAt === null ? { told_at: new Date(at), tellings: tellings + 1 } : { gone_told_at: new Date(at) };
      await db
        .updateTable('drifts')
        .set({ ...told, ringing: [...ringing], told_of: [...new Set([...toldOf, ...dependents])] })
        .where('id', '=', id)
        .execute();
    },

    async accept(target, { acceptId, snapshotId, requestedBy, reason, approvals }, instead) {
      return inTurnOfKnownGood(db, target, async (tx) => {
        const earlier = await tx
          .selectFrom('acceptances')
          .select('snapshot_id')
          .where('target', '=', target)
          .where('accept_id', '=', acceptId)
          .executeTakeFirst();
        // Asked again, it has been accepted already; a later known-good stays the newest.
        if (earlier !== undefined) return earlier.snapshot_id === snapshotId ? 'accepted' : 'taken';
        if ((await knownGoodId(tx, target)) !== instead) return 'moved';
        await tx
          .insertInto('acceptances')
          .values({
            target,
            accept_id: acceptId,
            snapshot_id: snapshotId,
            requested_by: requestedBy,
            reason,
            approvals: JSON.stringify(approvals),
          })
          .execute();
        await makeKnownGood(tx, { target, snapshotId, changeId: null });
        return 'accepted';
      });
    },

    async acceptance(target, snapshotId) {
      const row = await db
        .selectFrom('acceptances')
        .selectAll()
        .where('target', '=', target)
        .where('snapshot_id', '=', snapshotId)
        .orderBy('accepted_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : acceptanceOf(row);
    },
  };
}

async function looked(tx: Kysely<Tables>, target: string, at: Date, cleanAt: Date | null): Promise<void> {
  await tx
    .insertInto('drift_looks')
    .values({ target, looked_at: at, clean_at: cleanAt })
    .onConflict((conflict) =>
      conflict
        .column('target')
        .doUpdateSet({ looked_at: at, failing_since: null, ...(cleanAt === null ? {} : { clean_at: cleanAt }) }),
    )
    .execute();
}

function looksOf(row: Selectable<Tables['drift_looks']>): Looks {
  return { failingSince: row.failing_since?.getTime() ?? null, toldAt: row.failing_told_at?.getTime() ?? null };
}

function rememberedOf(row: Row): RememberedDrift {
  const ms = (at: Date | null): number | null => at?.getTime() ?? null;
  return {
    id: row.id,
    target: row.target,
    fingerprint: row.fingerprint,
    knownGoodId: row.known_good_id,
    snapshotId: row.snapshot_id,
    items: row.items,
    notBefore: ms(row.not_before),
    firstSeen: row.first_seen_at.getTime(),
    lastSeen: row.last_seen_at.getTime(),
    toldAt: ms(row.told_at),
    tellings: row.tellings,
    followsTold: row.follows_told,
    ringing: row.ringing,
    toldOf: row.told_of,
    goneAt: ms(row.gone_at),
    goneToldAt: ms(row.gone_told_at),
  };
}

function acceptanceOf(row: Selectable<Tables['acceptances']>): Acceptance & { readonly acceptedAt: Date } {
  return {
    acceptId: row.accept_id,
    snapshotId: row.snapshot_id,
    requestedBy: row.requested_by,
    reason: row.reason,
    approvals: row.approvals,
    acceptedAt: row.accepted_at,
  };
}
