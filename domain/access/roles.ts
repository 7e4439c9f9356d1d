/** Who is member of what, and whose privileges anybody has: the same three questions that the server asks of pg_auth_members. */
import type { MembershipEntry } from '../catalog.ts';
import type { RoleEntry } from '../snapshot.ts';

type Role = Pick<RoleEntry, 'name' | 'superuser' | 'inherit'>;

export interface Roles<R extends Role = RoleEntry> {
  readonly all: readonly R[];
  readonly get: (name: string) => R | undefined;
  /** `is_member_of_role_nosuper`: what `+role` in pg_hba.conf means. */
  isMember(member: string, role: string): boolean;
  /** `has_privs_of_role`: itself, everything for a superuser, else along memberships that inherit. */
  hasPrivilegesOf(member: string, role: string): boolean;
  /** `member_can_set_role`. */
  maySetRole(member: string, role: string): boolean;
}

export function rolesOf<R extends Role>(roles: readonly R[], memberships: readonly MembershipEntry[]): Roles<R> {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const grants = new Map<string, MembershipEntry[]>();
  for (const grant of memberships) grants.set(grant.member, [...(grants.get(grant.member) ?? []), grant]);
  const inherits = ({ inherit, member }: MembershipEntry): boolean => inherit ?? byName.get(member)?.inherit ?? true;
  const closures = new Map<string, ReadonlySet<string>>();

  /** All that is reached from a role over memberships that count. */
  function reach(from: string, what: string, counts: (grant: MembershipEntry) => boolean): ReadonlySet<string> {
    const key = `${what} ${from}`;
    const known = closures.get(key);
    if (known !== undefined) return known;
    const reached = new Set([from]);
    for (const one of reached) for (const grant of grants.get(one) ?? []) if (counts(grant)) reached.add(grant.role);
    closures.set(key, reached);
    return reached;
  }

  const isSuperuser = (name: string): boolean => byName.get(name)?.superuser === true;
  return {
    all: roles,
    get: (name) => byName.get(name),
    isMember: (member, role) => reach(member, 'member', () => true).has(role),
    hasPrivilegesOf: (member, role) => isSuperuser(member) || reach(member, 'inherit', inherits).has(role),
    maySetRole: (member, role) => isSuperuser(member) || reach(member, 'set', ({ set }) => set ?? true).has(role),
  };
}
