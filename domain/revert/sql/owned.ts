/** Whatever has an owner and an access list: three-way, owner first, because a new owner rewrites the list. */
import type { AclItem } from '../../catalog.ts';
import { type Acl, mergeAcl, noAcl, parseAcl, sameAcl, underOwner } from './acl.ts';
import { wanted, wayOf } from './three-way.ts';

export interface Owned {
  readonly owner: string;
  readonly acl: readonly AclItem[];
}

export interface MergedOwned {
  /** null: it stays. */
  readonly newOwner: string | null;
  /** As it shall be. */
  readonly owner: string;
  /** As it is once the owner is right. */
  readonly live: Acl;
  readonly want: Acl;
  readonly conflicts: readonly string[];
}

/** `c` null: the change dropped it, and somebody made it anew. */
export function mergeOwned(s: Owned, c: Owned | null, l: Owned): MergedOwned {
  const owner = wanted<string | null>(s.owner, c?.owner ?? null, l.owner) ?? l.owner;
  const under = (side: Owned): Acl => underOwner(parseAcl(side.acl), side.owner, owner);
  const live = under(l);
  const merged = mergeAcl(under(s), c === null ? noAcl : under(c), live, owner);
  const foreign = wayOf<string | null>(s.owner, c?.owner ?? null, l.owner) === 'conflict';
  return {
    newOwner: owner === l.owner ? null : owner,
    owner,
    live,
    want: merged.want,
    conflicts: [
      ...(foreign ? [`somebody else gave it to ${l.owner} since: goes back to ${s.owner}`] : []),
      ...merged.conflicts,
    ],
  };
}

/** By meaning, and cheap for what is equal to the letter, as nearly everything is. */
export function sameOwned(a: Owned | null, b: Owned | null): boolean {
  if (a === null || b === null) return a === b;
  return a.owner === b.owner && sameItems(a.acl, b.acl);
}

export function sameItems(a: readonly AclItem[], b: readonly AclItem[]): boolean {
  if (a === b || (a.length === b.length && a.every((item, i) => item === b[i]))) return true;
  return sameAcl(parseAcl(a), parseAcl(b));
}
