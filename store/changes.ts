/** Changes: what was asked, and how it ended. */
import type { Kysely, Selectable } from 'kysely';
import type { AdmittedChange } from '../domain/admitted.ts';
import { workflowIdOf } from '../domain/change.ts';
import type { ChangeRow, Store } from './store.ts';
import type { Tables } from './tables.ts';

type ChangeStore = Pick<Store, 'openChange' | 'closeChange' | 'openChanges' | 'changes' | 'change'>;

export function changeStore(db: Kysely<Tables>): ChangeStore {
  return {
    async openChange(change, workflowId, needs = []) {
      const asked = {
        workflow_id: workflowId,
        requested_by: change.requestedBy,
        reason: change.reason,
        admitted: JSON.stringify(change),
        needs: [...needs],
      };
      await db
        .insertInto('changes')
        .values({
          target: change.target,
          change_id: change.changeId,
          ...asked,
          outcome: null,
          result: null,
          closed_at: null,
        })
        // Its start and its outcome stay: after a Reset the same change is admitted again.
        .onConflict((conflict) => conflict.columns(['target', 'change_id']).doUpdateSet(asked))
        .execute();
    },

    async closeChange(target, changeId, result) {
      const end = {
        outcome: result.outcome,
        result: JSON.stringify(result),
        closed_at: new Date(result.moments.closed),
      };
      await db
        .insertInto('changes')
        // An outcome is recorded even if the store was away when the change began.
        .values({
          target,
          change_id: changeId,
          workflow_id: workflowIdOf(target, changeId),
          requested_by: '',
          reason: '',
          admitted: null,
          started_at: new Date(result.moments.started),
          ...end,
        })
        .onConflict((conflict) => conflict.columns(['target', 'change_id']).doUpdateSet(end))
        .execute();
    },

    async openChanges() {
      const found = await db
        .selectFrom('changes')
        .select(['admitted', 'workflow_id', 'started_at'])
        .where('outcome', 'is', null)
        .where('admitted', 'is not', null)
        .execute();
      return found.map(({ admitted, workflow_id: workflowId, started_at: startedAt }) => ({
        change: admitted as AdmittedChange,
        workflowId,
        startedAt,
      }));
    },

    async changes(target, limit) {
      const found = await db
        .selectFrom('changes')
        .selectAll()
        .$if(target !== null, (query) => query.where('target', '=', target ?? ''))
        .orderBy('started_at', 'desc')
        .orderBy('target')
        .orderBy('change_id')
        .limit(limit)
        .execute();
      return found.map(rowOf);
    },

    async change(target, changeId) {
      const found = await db
        .selectFrom('changes')
        .selectAll()
        .where('target', '=', target)
        .where('change_id', '=', changeId)
        .executeTakeFirst();
      return found === undefined ? null : rowOf(found);
    },
  };
}

function rowOf(row: Selectable<Tables['changes']>): ChangeRow {
  return {
    target: row.target,
    changeId: row.change_id,
    workflowId: row.workflow_id,
    requestedBy: row.requested_by,
    reason: row.reason,
    startedAt: row.started_at,
    outcome: row.outcome,
    result: row.result,
    closedAt: row.closed_at,
  };
}
