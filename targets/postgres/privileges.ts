/** What the agent's role must be allowed, and the exact grants that it lacks. A superuser lacks none. */
import { statementOf } from '../../domain/least-privilege/privilege.ts';
import { type Seeing, seeingOn } from '../../domain/least-privilege/reader.ts';
import type { Problem } from '../../domain/problem.ts';
import { quoteName } from '../../domain/revert/sql/quote.ts';
import type { PrivilegeRow } from './queries.ts';
import { TargetError } from './target-error.ts';

export interface Unseen extends Pick<Seeing, 'sight' | 'needed'> {
  /** Those on catalogs hold in the database in which they are given. */
  readonly grants: readonly string[];
}

export function unseenBy(row: PrivilegeRow): readonly Unseen[] {
  return seeingOn(row.versionNum)
    .filter(({ sight }) => !row[sight])
    .map(({ sight, needed, privileges }) => ({
      sight,
      needed,
      grants: privileges.map((privilege) => statementOf(privilege, row.user, row.versionNum)),
    }));
}

/** Without these there is no snapshot. */
export function missingGrants(row: PrivilegeRow): readonly string[] {
  return unseenBy(row).flatMap(({ needed, grants }) => (needed === 'snapshot' ? grants : []));
}

/** What is lacking to tell the server that its files are new; a signal does without. */
export function missingReload({ reload, user }: PrivilegeRow): readonly string[] {
  return reload ? [] : [`grant execute on function pg_reload_conf() to ${quoteName(user)}`];
}

export function privilegeProblem({ user }: PrivilegeRow, grants: readonly string[]): Problem | null {
  if (grants.length === 0) return null;
  return {
    code: 'insufficient-privilege',
    message: `role "${user}" lacks privileges that the agent needs`,
    detail: `Missing: ${grants.map((statement) => `${statement};`).join(' ')}`,
    hint: "Run these statements as a superuser, in the database that the agent's connection names.",
  };
}

export function checkPrivileges(row: PrivilegeRow | undefined): asserts row is PrivilegeRow {
  if (row === undefined) throw new TypeError('the privileges query gave no row');
  const problem = privilegeProblem(row, missingGrants(row));
  if (problem !== null) throw new TargetError('InsufficientPrivilege', [problem]);
}
