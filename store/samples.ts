/** Every measurement of every change, written in batches that may come twice. */
import type { Kysely, Selectable } from 'kysely';
import type { Sample } from '../domain/check.ts';
import type { Store } from './store.ts';
import { type Tables, textOf } from './tables.ts';

type SampleStore = Pick<Store, 'addSamples' | 'samples'>;

/** Ten columns a row, and PostgreSQL takes 65,535 parameters a statement. */
const rowsPerStatement = 2_000;

export function sampleStore(db: Kysely<Tables>): SampleStore {
  return {
    async addSamples(target, changeId, samples) {
      for (let from = 0; from < samples.length; from += rowsPerStatement) {
        await db
          .insertInto('samples')
          .values(samples.slice(from, from + rowsPerStatement).map((sample) => rowOf(target, changeId, sample)))
          .onConflict((conflict) => conflict.columns(['target', 'change_id', 'check_name', 'at']).doNothing())
          .execute();
      }
    },

    async samples(target, changeId) {
      const rows = await db
        .selectFrom('samples')
        .selectAll()
        .where('target', '=', target)
        .where('change_id', '=', changeId)
        .orderBy('at')
        .orderBy('check_name')
        .execute();
      return rows.map(sampleOf);
    },
  };
}

function rowOf(target: string, changeId: string, sample: Sample): Tables['samples'] {
  return {
    target,
    change_id: changeId,
    check_name: sample.check,
    at: new Date(sample.at),
    latency_ms: sample.latencyMs,
    mark: sample.mark,
    class: sample.class,
    code: sample.code,
    message: sample.message === null ? null : textOf(sample.message),
    forgiven: sample.forgiven ?? false,
  };
}

function sampleOf(row: Selectable<Tables['samples']>): Sample {
  return {
    check: row.check_name,
    at: row.at.getTime(),
    latencyMs: row.latency_ms,
    mark: row.mark,
    class: row.class,
    code: row.code,
    message: row.message,
    ...(row.forgiven ? { forgiven: true } : {}),
  };
}
