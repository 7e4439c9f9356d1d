/** What two ACLs differ in, as a DBA says it: `app_svc loses SELECT`. */
import type { AclItem } from '../catalog.ts';
import { byCodeUnit } from './canonical.ts';
import { sameAcl } from './catalog-order.ts';

/** PostgreSQL's letters, in its own order. */
const privileges: Readonly<Record<string, string>> = {
  a: 'INSERT',
  r: 'SELECT',
  w: 'UPDATE',
  d: 'DELETE',
  D: 'TRUNCATE',
  x: 'REFERENCES',
  t: 'TRIGGER',
  X: 'EXECUTE',
  U: 'USAGE',
  C: 'CREATE',
  T: 'TEMPORARY',
  c: 'CONNECT',
  s: 'SET',
  A: 'ALTER SYSTEM',
  m: 'MAINTAIN',
};

/** More than a line holds. */
const mostGrantees = 4;

/** '' when they mean the same. */
export function aclWords(before: readonly AclItem[], after: readonly AclItem[]): string {
  if (sameAcl(before, after)) return '';
  const [was, is] = [byGrantee(before), byGrantee(after)];
  const phrases = [...new Set([...was.keys(), ...is.keys()])].sort(byCodeUnit).flatMap((grantee) => {
    const said = granteeWords(was.get(grantee) ?? none, is.get(grantee) ?? none);
    return said === '' ? [] : [`${grantee === '' ? 'PUBLIC' : grantee} ${said}`];
  });
  const more = phrases.length - mostGrantees;
  return more > 0 ? `${phrases.slice(0, mostGrantees).join('; ')}; and ${more} more` : phrases.join('; ');
}

/** As `ALTER … OWNER TO` makes it: the new owner stands where the old one stood. */
export function underOwner(acl: readonly AclItem[], from: string, to: string): readonly AclItem[] {
  const [old, next] = [asInAcl(from), asInAcl(to)];
  return acl
    .map((item) => {
      const { grantee, letters, grantor } = partsOf(item);
      return `${grantee === old ? next : grantee}=${letters}/${grantor === old ? next : grantor}`;
    })
    .sort(byCodeUnit);
}

/** Letter → who granted it, those with the grant option with a star. */
type Privileges = ReadonlyMap<string, readonly string[]>;
const none: Privileges = new Map();

function byGrantee(acl: readonly AclItem[]): ReadonlyMap<string, Privileges> {
  const grantees = new Map<string, Map<string, string[]>>();
  for (const item of acl) {
    const { grantee, letters, grantor } = partsOf(item);
    const own = grantees.get(bare(grantee)) ?? new Map<string, string[]>();
    grantees.set(bare(grantee), own);
    for (const [, letter = '', star = ''] of letters.matchAll(/(\w)(\*?)/g))
      own.set(letter, [...(own.get(letter) ?? []), bare(grantor) + star].sort(byCodeUnit));
  }
  return grantees;
}

function granteeWords(was: Privileges, is: Privileges): string {
  const [loses, gains, losesOption, gainsOption]: string[][] = [[], [], [], []] as const;
  const regranted: string[] = [];
  for (const [letter, word] of Object.entries(privileges)) {
    const [old, now] = [was.get(letter), is.get(letter)];
    const [mayGrant, mightGrant] = [grantable(now), grantable(old)];
    if (old !== undefined && now === undefined) loses?.push(word);
    else if (old === undefined && now !== undefined) gains?.push(mayGrant ? `${word} with grant option` : word);
    else if (mightGrant && !mayGrant) losesOption?.push(word);
    else if (mayGrant && !mightGrant) gainsOption?.push(word);
    else if (old !== undefined && now !== undefined && old.join() !== now.join())
      regranted.push(`${word} by ${grantors(now)} instead of ${grantors(old)}`);
  }
  return [
    ...phrase('loses ', loses),
    ...phrase('gains ', gains),
    ...phrase('loses the grant option for ', losesOption),
    ...phrase('gains the grant option for ', gainsOption),
    ...phrase('is granted ', regranted),
  ].join(' and ');
}

function phrase(verb: string, words: readonly string[] | undefined): readonly string[] {
  return words === undefined || words.length === 0 ? [] : [verb + words.join(', ')];
}

function grantable(grantedBy: readonly string[] | undefined): boolean {
  return grantedBy?.some((grantor) => grantor.endsWith('*')) === true;
}

function grantors(grantedBy: readonly string[]): string {
  return grantedBy.map((grantor) => grantor.replace(/\*$/, '')).join(', ');
}

const itemPattern = /^("(?:[^"]|"")*"|[^=]*)=([^/]*)\/([^]*)$/;

function partsOf(item: AclItem): { readonly grantee: string; readonly letters: string; readonly grantor: string } {
  const [, grantee = '', letters = '', grantor = ''] = itemPattern.exec(item) ?? [];
  return { grantee, letters, grantor };
}

function bare(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** PostgreSQL quotes a name in an ACL unless it is made of letters of ASCII, digits and underscores. */
function asInAcl(name: string): string {
  return /^\w+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
