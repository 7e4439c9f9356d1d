/** What the agent's role needs at a member: less where nobody but the owner reads the server's files. */
import type { Problem } from '../../domain/problem.ts';
import { missingGrants, privilegeProblem } from '../postgres/privileges.ts';
import { type PrivilegeRow, privilegesQuery } from '../postgres/queries.ts';
import type { Session } from '../postgres/session.ts';
import { TargetError } from '../postgres/target-error.ts';
import type { Owner } from './owner.ts';

/** Whether pg_hba.conf, and what the server says of its files, may be read over SQL: a service keeps both to itself. */
export function hasReadableFiles({ places }: Pick<Owner, 'places'>): boolean {
  return places.hba !== null;
}

export function privilegeProblemAt(owner: Owner, row: PrivilegeRow): Problem | null {
  const asked = hasReadableFiles(owner) ? row : { ...row, fileSettings: true, hbaRules: true };
  return privilegeProblem(row, missingGrants(asked));
}

/** Throws a TargetError that names the missing grants. What the owner keeps to itself is not asked for. */
export async function readPrivilegesAt(owner: Owner, session: Session): Promise<PrivilegeRow> {
  const [row] = await session.rows<PrivilegeRow & Record<string, unknown>>(privilegesQuery);
  if (row === undefined) throw new TypeError('the privileges query gave no row');
  const problem = privilegeProblemAt(owner, row);
  if (problem !== null) throw new TargetError('InsufficientPrivilege', [problem]);
  return hasReadableFiles(owner) ? row : { ...row, fileSettings: false, hbaRules: false, identMaps: false };
}

const outsideQuery = `
  select coalesce(bool_or(not pg_catalog.starts_with(file.setting, folder.setting || '/')), false) as outside
  from pg_catalog.pg_settings file, pg_catalog.pg_settings folder
  where file.name in ('hba_file', 'ident_file') and folder.name = 'data_directory'`;

/** Whether reading them takes pg_read_server_files. A login that may not read all settings is told what is usual: no. */
export async function hasFilesOutside(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ outside: boolean }>(outsideQuery);
  return row?.outside === true;
}
