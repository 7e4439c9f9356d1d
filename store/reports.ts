/** The report of each change, in its three forms; the newest one counts. */
import type { Kysely } from 'kysely';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

type ReportStore = Pick<Store, 'putReport' | 'report'>;

export function reportStore(db: Kysely<Tables>): ReportStore {
  return {
    async putReport(target, changeId, report) {
      const faces = {
        id: report.id,
        html: report.html.replaceAll('\u0000', ''),
        markdown: report.markdown.replaceAll('\u0000', ''),
        document: JSON.stringify(report.json),
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
        .select(['id', 'html', 'markdown', 'document'])
        .where('target', '=', target)
        .where('change_id', '=', changeId)
        .executeTakeFirst();
      return row === undefined ? null : { id: row.id, html: row.html, markdown: row.markdown, json: row.document };
    },
  };
}
