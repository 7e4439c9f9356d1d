/** Rollouts in PostgreSQL: the row of a target is the lock that lets one rollout at a time have it. */
import type { Kysely } from 'kysely';
import type { RolloutRow, RolloutStore } from './rollout-store.ts';
import { type Tables, textOf } from './tables.ts';

export function rolloutStore(db: Kysely<Tables>): RolloutStore {
  return {
    openRollout: (id, workflowId, targets) =>
      db.transaction().execute(async (tx) => {
        await tx
          .insertInto('rollouts')
          .values({ id, workflow_id: workflowId })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
        const row = await tx
          .selectFrom('rollouts')
          .select('closed_at')
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        if (row?.closed_at != null) return { kind: 'closed' };
        // In one order, so that two that overlap wait for each other and do not lock each other up.
        const rows = [...targets].sort().map((target) => ({ target, rollout_id: id }));
        await tx
          .insertInto('rollout_targets')
          .values(rows)
          .onConflict((conflict) => conflict.column('target').doNothing())
          .execute();
        const others = await tx
          .selectFrom('rollout_targets')
          .select(['target', 'rollout_id'])
          .where('target', 'in', [...targets])
          .where('rollout_id', '!=', id)
          .orderBy('target')
          .execute();
        if (others.length === 0) return { kind: 'opened' };
        await tx.deleteFrom('rollout_targets').where('rollout_id', '=', id).execute();
        await tx.deleteFrom('rollouts').where('id', '=', id).execute();
        return { kind: 'held', by: others.map(({ target, rollout_id: rolloutId }) => ({ target, rolloutId })) };
      }),

    closeRollout: (id, outcome, report) =>
      db.transaction().execute(async (tx) => {
        await tx.deleteFrom('rollout_targets').where('rollout_id', '=', id).execute();
        const faces =
          report === null
            ? {}
            : { markdown: textOf(report.markdown), html: textOf(report.html), document: JSON.stringify(report.json) };
        await tx
          .updateTable('rollouts')
          .set({ closed_at: new Date(), outcome, ...faces })
          .where('id', '=', id)
          .execute();
      }),

    async rollouts(limit) {
      const rows = await db.selectFrom('rollouts').select(columns).orderBy('opened_at', 'desc').limit(limit).execute();
      return rows.map(rowOf);
    },

    async rollout(id) {
      const row = await db.selectFrom('rollouts').select(columns).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : rowOf(row);
    },

    async rolloutReport(id) {
      const row = await db
        .selectFrom('rollouts')
        .select(['markdown', 'html', 'document'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (row == null || row.markdown === null || row.html === null) return null;
      return { markdown: row.markdown, html: row.html, json: row.document };
    },
  };
}

const columns = ['id', 'workflow_id', 'opened_at', 'closed_at', 'outcome'] as const;

function rowOf(row: {
  id: string;
  workflow_id: string;
  opened_at: Date;
  closed_at: Date | null;
  outcome: string | null;
}): RolloutRow {
  return {
    id: row.id,
    workflowId: row.workflow_id,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    outcome: row.outcome,
  };
}
