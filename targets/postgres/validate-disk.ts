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
  return [...errors, ...hbaErrors({ hba: (hba?.rows ?? []) as HbaRow[] })];
}

const postmasterNames = `select name from pg_catalog.pg_settings where context = 'postmaster'`;

/** Those that were not there before. */
export function newProblems(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const had = new Set(before.map(({ message }) => message));
  return after.filter(({ message }) => !had.has(message));
}
