/** Asks the server what it makes of the files on disk, before it is told to load them: both views parse at query time. */
import type { Problem } from '../../domain/problem.ts';
import { readFiles } from './capture-files.ts';
import { fileError, hbaErrors, identErrors } from './dirty.ts';
import {
  type FileSettingRow,
  type HbaRow,
  type IdentRow,
  type PrivilegeRow,
  fileSettingsQuery,
  hbaQuery,
  identQuery,
  privilegesQuery,
} from './queries.ts';
import { readPlaces } from './server-state.ts';
import type { Session } from './sql-channel.ts';
import { tlsFileProblems } from './tls-files.ts';

/** Empty: the files would load. A postmaster setting that merely differs from what runs is no error. */
export async function diskProblems(session: Session): Promise<readonly Problem[]> {
  const problems = await viewProblems(session);
  const places = await readPlaces(session);
  return [...problems, ...(await tlsFileProblems(await readFiles(places), places))];
}

/** By its views alone, wherever the server's disk is. */
export async function viewProblems(session: Session): Promise<readonly Problem[]> {
  const [privileges] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
  const maps = privileges?.identMaps === true ? identQuery : 'select where false';
  const [fileSettings, hba, postmaster, ident] = await session.script(
    [fileSettingsQuery, hbaQuery, postmasterNames, maps].join(';'),
  );
  const contexts = new Set(((postmaster?.rows ?? []) as { name: string }[]).map(({ name }) => name.toLowerCase()));
  const errors = ((fileSettings?.rows ?? []) as FileSettingRow[])
    .filter(({ error, name }) => error !== null && !(name !== null && contexts.has(name.toLowerCase())))
    .map(fileError);
  return [
    ...errors,
    ...hbaErrors({ hba: (hba?.rows ?? []) as HbaRow[] }),
    ...identErrors({ ident: (ident?.rows ?? []) as IdentRow[] }),
  ];
}

const postmasterNames = `select name from pg_catalog.pg_settings where context = 'postmaster'`;

/** Those that were not there before. */
export function newProblems(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const had = new Set(before.map(({ message }) => message));
  return after.filter(({ message }) => !had.has(message));
}
