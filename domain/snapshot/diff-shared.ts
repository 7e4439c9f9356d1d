/** What differs in what all databases share: memberships, databases, tablespaces, parameters. */
import type { DatabaseEntry, MembershipEntry, SharedObjectEntry } from '../catalog.ts';
import type { Sections } from '../snapshot.ts';
import { aclWords, underOwner } from './acl-words.ts';
import { byCodeUnit } from './canonical.ts';
import { byKindAndName, byMembership } from './catalog-order.ts';
import { type DiffItem, fromTo, item } from './diff-item.ts';
import { databaseKey, membershipKey, sharedKey } from './keys.ts';
import { mergeSorted } from './merge-sorted.ts';

export function diffMemberships(a: Sections, b: Sections): readonly DiffItem[] {
  return differences(a.memberships, b.memberships, byMembership, membershipItem);
}

export function diffDatabases(a: Sections, b: Sections): readonly DiffItem[] {
  return differences(a.databases, b.databases, (x, y) => byCodeUnit(x.name, y.name), databaseItem);
}

export function diffShared(a: Sections, b: Sections): readonly DiffItem[] {
  return differences(a.shared, b.shared, byKindAndName, sharedItem);
}

export function differences<T>(
  before: readonly T[],
  after: readonly T[],
  compare: (a: T, b: T) => number,
  itemOf: (from: T | null, to: T | null, either: T) => DiffItem | null,
): readonly DiffItem[] {
  const items: DiffItem[] = [];
  mergeSorted(before, after, compare, (from, to) => {
    const either = to ?? from;
    const found = either === null ? null : itemOf(from, to, either);
    if (found !== null) items.push(found);
  });
  return items;
}

function membershipItem(
  from: MembershipEntry | null,
  to: MembershipEntry | null,
  either: MembershipEntry,
): DiffItem | null {
  const { role, member, grantor } = either;
  const say = (kind: DiffItem['kind'], said: string): DiffItem =>
    item('memberships', membershipKey(either), kind, said);
  if (from === null)
    return say('added', `${member} is now a member of ${role}${optionWords(either)}, granted by ${grantor}`);
  if (to === null) return say('removed', `${member} is no longer a member of ${role}, as granted by ${grantor}`);
  const changed = (['admin', 'inherit', 'set'] as const).flatMap((option) =>
    fromTo(`${option} option`, from[option], to[option]),
  );
  return changed.length === 0
    ? null
    : say('changed', `${member} as a member of ${role}: ${changed.join(', ')}, granted by ${grantor}`);
}

/** What is not as `GRANT role TO member` makes it. */
function optionWords({ admin, inherit, set }: MembershipEntry): string {
  return `${admin ? ' with admin option' : ''}${inherit === false ? ' without inherit' : ''}${set === false ? ' without set' : ''}`;
}

/** Owner and ACL; what only the change of owner made of the ACL is not said twice. */
export function ownedWords(
  from: Pick<DatabaseEntry, 'owner' | 'acl'>,
  to: Pick<DatabaseEntry, 'owner' | 'acl'>,
): readonly string[] {
  const was = from.owner === to.owner ? from.acl : underOwner(from.acl, from.owner, to.owner);
  const words = aclWords(was, to.acl);
  return [...fromTo('owner', from.owner, to.owner), ...(words === '' ? [] : [words])];
}

function databaseItem(from: DatabaseEntry | null, to: DatabaseEntry | null, either: DatabaseEntry): DiffItem | null {
  const say = (kind: DiffItem['kind'], said: string): DiffItem =>
    item('databases', databaseKey(either), kind, `database ${either.name}: ${said}`);
  if (from === null) return say('added', 'added');
  if (to === null) return say('removed', 'removed');
  const changed = [
    ...fromTo('connection limit', limit(from), limit(to)),
    ...fromTo('connections', from.allowConnections, to.allowConnections),
    ...fromTo('template', from.isTemplate, to.isTemplate),
    ...fromTo('tablespace', from.tablespace, to.tablespace),
    ...ownedWords(from, to),
  ];
  return changed.length === 0 ? null : say('changed', changed.join('; '));
}

function limit({ connectionLimit }: DatabaseEntry): number | string {
  return connectionLimit === -1 ? 'none' : connectionLimit;
}

/** A parameter without privileges of its own has no entry. */
function sharedItem(
  from: SharedObjectEntry | null,
  to: SharedObjectEntry | null,
  either: SharedObjectEntry,
): DiffItem | null {
  const { kind, name } = either;
  const say = (how: DiffItem['kind'], said: string): DiffItem =>
    item('shared', sharedKey(either), how, `${kind} ${name}: ${said}`);
  if (kind === 'tablespace' && from === null) return say('added', 'added');
  if (kind === 'tablespace' && to === null) return say('removed', 'removed');
  const changed = ownedWords(from ?? unset(either), to ?? unset(either));
  return changed.length === 0 ? null : say('changed', changed.join('; '));
}

/** The superuser who granted has everything anyway. */
function unset({ acl, owner }: SharedObjectEntry): Pick<SharedObjectEntry, 'acl' | 'owner'> {
  const own = acl.filter((entry) => {
    const [grantee, grantor] = [entry.slice(0, entry.lastIndexOf('=')), entry.slice(entry.lastIndexOf('/') + 1)];
    return grantee === grantor;
  });
  return { acl: own, owner };
}
