/** Asks the server what it makes of the files on disk, before it is told to load them: both views parse at query time. */
import type { Problem } from '../../domain/problem.ts';
import { fileError, hbaErrors } from './dirty.ts';
import { type FileSettingRow, type HbaRow, fileSettingsQuery, hbaQuery } from './queries.ts';
import type { Session } from './sql-channel.ts';

/** Empty: the files would load. A postmaster setting that merely differs from what runs is no error. */
export async function diskProblems(session: Session): Promise<readonly Problem[]> {
  const [fileSettings, hba, postmaster] = await session.script(
    [fileSettingsQuery, hbaQuery, postmasterNames].join(';'),
  );
  const contexts = new Set(((postmaster?.rows ?? []) as { name: string }[]).map(({ name }) => name.toLowerCase()));
  const errors = ((fileSettings?.rows ?? []) as FileSettingRow[])
    .filter(({ error, name }) => error !== null && !(name !== null && contexts.has(name.toLowerCase())))
    .map(fileError);
  return [...errors, ...hbaErrors({ hba: (hba?.rows ?? []) as HbaRow[] }), ...(await identErrors(session))];
}

/** The view came with 15, and needs a privilege that nothing else does: without it, form alone is judged, when planning. */
const mayReadMaps = `
  select coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pg_catalog.pg_ident_file_mappings'), 'select')
    and pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pg_catalog.pg_ident_file_mappings()'), 'execute'),
    false) as may`;

async function identErrors(session: Session): Promise<readonly Problem[]> {
  const [allowed] = await session.rows<{ may: boolean }>(mayReadMaps);
  if (allowed?.may !== true) return [];
  const rows = await session.rows<{ line: number; error: string }>(identQuery);
  return rows.map(({ line, error }) => ({
    code: 'ident-would-not-load',
    message: `pg_ident.conf line ${line} does not load`,
    detail: error,
    hint: 'The server would keep its old maps at a reload, and have none at all after a restart.',
  }));
}

const identQuery = `select line_number as line, error from pg_catalog.pg_ident_file_mappings where error is not null`;

const postmasterNames = `select name from pg_catalog.pg_settings where context = 'postmaster'`;

/** Those that were not there before. */
export function newProblems(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const had = new Set(before.map(({ message }) => message));
  return after.filter(({ message }) => !had.has(message));
}
