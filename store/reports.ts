/** The report of each change, in its forms; the newest one counts. */
import type { Kysely } from 'kysely';
import type { Store } from './store.ts';
import { type Tables, textOf } from './tables.ts';

type ReportStore = Pick<Store, 'putReport' | 'report'>;

export function reportStore(db: Kysely<Tables>): ReportStore {
  return {
    async putReport(target, changeId, report) {
      const faces = {
        id: report.id,
        html: textOf(report.html),
        markdown: textOf(report.markdown),
        document: JSON.stringify(report.json),
        evidence: report.evidence,
        written_at: new Date(),
      };
      await db
        .insertInto('reports')
        .values({ target, change_id: changeId, ...faces })
        .onConflict((conflict) => conflict.columns(['target', 'change_id']).doUpdateSet(faces))
        .execute();
    },

    async report(target, changeId) {
      const row = await db
        .selectFrom('reports')
        .select(['id', 'html', 'markdown', 'document', 'evidence'])
        .where('target', '=', target)
        .where('change_id', '=', changeId)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { id, html, markdown, document: json, evidence } = row;
      return { id, html, markdown, json, evidence };
    },
  };
}
