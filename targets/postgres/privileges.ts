/** What the agent's role must be allowed, and the exact grants that it lacks. A superuser lacks none. */
import type { Problem } from '../../domain/problem.ts';
import type { PrivilegeRow } from './queries.ts';
import { TargetError } from './target-error.ts';

/** Without these nothing can be read or proven. Catalog grants hold in the database in which they are given. */
export function missingGrants(row: PrivilegeRow): readonly string[] {
  const to = `to ${quoted(row.user)}`;
  return [
    ...(row.readSettings ? [] : [`grant pg_monitor ${to}`]),
    ...(row.fileSettings
      ? []
      : [`grant select on pg_file_settings ${to}`, `grant execute on function pg_show_all_file_settings() ${to}`]),
    ...(row.hbaRules
      ? []
      : [`grant select on pg_hba_file_rules ${to}`, `grant execute on function pg_hba_file_rules() ${to}`]),
    ...(row.reload ? [] : [`grant execute on function pg_reload_conf() ${to}`]),
  ];
}

/** What more can be noticed then: not needed to go on. Before 15 the agent reads the file itself. */
export function grantsForMaps({ user, versionNum, identMaps }: PrivilegeRow): readonly string[] {
  const to = `to ${quoted(user)}`;
  return versionNum < 150_000 || identMaps
    ? []
    : [`grant select on pg_ident_file_mappings ${to}`, `grant execute on function pg_ident_file_mappings() ${to}`];
}

export function privilegeProblem(row: PrivilegeRow): Problem | null {
  const grants = missingGrants(row);
  if (grants.length === 0) return null;
  return {
    code: 'insufficient-privilege',
    message: `role "${row.user}" lacks privileges that the agent needs`,
    detail: `Missing: ${grants.map((grant) => `${grant};`).join(' ')}`,
    hint: "Run these statements as a superuser, in the database that the agent's connection names.",
  };
}

export function checkPrivileges(row: PrivilegeRow | undefined): asserts row is PrivilegeRow {
  if (row === undefined) throw new TypeError('the privileges query gave no row');
  const problem = privilegeProblem(row);
  if (problem !== null) throw new TargetError('InsufficientPrivilege', [problem]);
}

export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;
}
