/** Whether row security leaves a role any row of a table, as far as that can be said without running its policies. */
import type { RowSecurityEntry } from '../catalog.ts';

export type RowsSeen =
  | 'all'
  /** Policies decide which, row by row. */
  | 'some'
  /** No permissive policy is for the role and the command. */
  | 'none';

type Command = 'select' | 'insert' | 'update' | 'delete';

export function isRowCommand(privilege: string): privilege is Command {
  return privilege === 'select' || privilege === 'insert' || privilege === 'update' || privilege === 'delete';
}

/** `has`: whether the role has a role's privileges. `bypasses`: a superuser, or BYPASSRLS, which is not inherited. */
export function rowsSeen(
  { enabled, forced, policies }: RowSecurityEntry,
  command: Command,
  role: { readonly owns: boolean; readonly bypasses: boolean; has(role: string): boolean },
): RowsSeen {
  if (!enabled || role.bypasses || (role.owns && !forced)) return 'all';
  const isOpened = policies.some(
    (policy) =>
      policy.permissive &&
      (policy.command === 'all' || policy.command === command) &&
      policy.roles.some((one) => one === '' || role.has(one)),
  );
  return isOpened ? 'some' : 'none';
}
