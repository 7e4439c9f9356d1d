/** How the entries of the catalogs are ordered and compared. */
import type { AclItem, MembershipEntry } from '../catalog.ts';
import { byCodeUnit } from './canonical.ts';

interface Named {
  readonly kind: string;
  readonly name: string;
}

export function byKindAndName(a: Named, b: Named): number {
  return a.kind === b.kind ? byCodeUnit(a.name, b.name) : byCodeUnit(a.kind, b.kind);
}

export function byMembership(a: MembershipEntry, b: MembershipEntry): number {
  return byCodeUnit(a.role, b.role) || byCodeUnit(a.member, b.member) || byCodeUnit(a.grantor, b.grantor);
}

/** Both sorted. */
export function sameAcl(a: readonly AclItem[], b: readonly AclItem[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}
