/** Access lists as sets of single grants, so that a revert takes back what the change did and nothing else. */
import type { AclItem } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { wanted } from './three-way.ts';

export interface Grant {
  /** '' is PUBLIC. */
  readonly grantee: string;
  readonly grantor: string;
  /** PostgreSQL's letter for it. */
  readonly privilege: string;
  readonly grantable: boolean;
}

/** By grantee, grantor and privilege. */
export type Acl = ReadonlyMap<string, Grant>;

export const noAcl: Acl = new Map();

/** PostgreSQL's letters, in its own order. */
export const privilegeWords: Readonly<Record<string, string>> = {
  a: 'insert',
  r: 'select',
  w: 'update',
  d: 'delete',
  D: 'truncate',
  x: 'references',
  t: 'trigger',
  X: 'execute',
  U: 'usage',
  C: 'create',
  T: 'temporary',
  c: 'connect',
  s: 'set',
  A: 'alter system',
  m: 'maintain',
};

export function keyOf({ grantee, grantor, privilege }: Omit<Grant, 'grantable'>): string {
  return `${grantee}\0${grantor}\0${privilege}`;
}

export function aclOf(grants: Iterable<Grant>): Map<string, Grant> {
  const acl = new Map<string, Grant>();
  for (const grant of grants) {
    const key = keyOf(grant);
    acl.set(key, { ...grant, grantable: grant.grantable || acl.get(key)?.grantable === true });
  }
  return acl;
}

export function parseAcl(items: readonly AclItem[]): Acl {
  const acl = new Map<string, Grant>();
  for (const item of items) {
    const { grantee, privileges, grantor } = item.includes('"') ? quotedParts(item) : plainParts(item);
    for (let at = 0; at < privileges.length; at += 1) {
      const grantable = privileges[at + 1] === '*';
      const grant = { grantee, grantor, privilege: privileges.charAt(at), grantable };
      acl.set(keyOf(grant), grant);
      if (grantable) at += 1;
    }
  }
  return acl;
}

interface Parts {
  readonly grantee: string;
  readonly privileges: string;
  readonly grantor: string;
}

/** There are tens of thousands of these. */
function plainParts(item: AclItem): Parts {
  const [equals, slash] = [item.indexOf('='), item.lastIndexOf('/')];
  return { grantee: item.slice(0, equals), privileges: item.slice(equals + 1, slash), grantor: item.slice(slash + 1) };
}

const quotedPattern = /^("(?:[^"]|"")*"|[^=]*)=([^/]*)\/("(?:[^"]|"")*"|.*)$/s;

function quotedParts(item: AclItem): Parts {
  const [, grantee = '', privileges = '', grantor = ''] = quotedPattern.exec(item) ?? [];
  return { grantee: unquoted(grantee), privileges, grantor: unquoted(grantor) };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replace(/""/g, '"') : name;
}

export function printAcl(acl: Acl): readonly AclItem[] {
  return [...acl.values()].map(
    ({ grantee, privilege, grantable, grantor }) =>
      `${quoted(grantee)}=${privilege}${grantable ? '*' : ''}/${quoted(grantor)}`,
  );
}

function quoted(name: string): string {
  return /^\w*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;
}

export function sameAcl(a: Acl, b: Acl): boolean {
  return a.size === b.size && [...a].every(([key, grant]) => b.get(key)?.grantable === grant.grantable);
}

/** What ALTER … OWNER TO makes of it (`aclnewowner`): the new owner takes the old one's place, on both sides. */
export function underOwner(acl: Acl, from: string, to: string): Acl {
  if (from === to) return acl;
  const renamed = (name: string): string => (name === from ? to : name);
  return aclOf(
    [...acl.values()].map((grant) => ({ ...grant, grantee: renamed(grant.grantee), grantor: renamed(grant.grantor) })),
  );
}

export interface MergedAcl {
  readonly want: Acl;
  readonly conflicts: readonly string[];
}

/** All three under the same owner; `owner` '' for what has none. */
export function mergeAcl(s: Acl, c: Acl, l: Acl, owner: string): MergedAcl {
  const want = new Map<string, Grant>();
  const conflicts: string[] = [];
  for (const key of new Set([...s.keys(), ...c.keys(), ...l.keys()])) {
    const [was, did, is] = [s.get(key), c.get(key), l.get(key)];
    const grant = was ?? did ?? is;
    if (grant === undefined) continue;
    const has = wanted(was !== undefined, did !== undefined, is !== undefined);
    const grantable = wanted(was?.grantable === true, did?.grantable === true, is?.grantable === true);
    if (has) want.set(key, { ...grant, grantable });
    else if (grantable)
      conflicts.push(
        `somebody else added a grant option to ${words(grant)}, which the change had granted: taken back with it`,
      );
  }
  return { want: supported(want, l, owner, conflicts), conflicts };
}

/** A grant stands only while its grantor holds the grant option: one that lost it otherwise cannot be had again. */
function supported(want: Map<string, Grant>, live: Acl, owner: string, conflicts: string[]): Acl {
  if ([...want.values()].every(({ grantor }) => grantor === owner)) return want;
  const adrift = unsupported(live, owner);
  for (const [key, grant] of unsupported(want, owner)) {
    if (adrift.has(key)) continue;
    want.delete(key);
    conflicts.push(`${words(grant)} cannot stand: ${grant.grantor} no longer may grant it`);
  }
  return want;
}

function unsupported(acl: Acl, owner: string): ReadonlyMap<string, Grant> {
  const rest = new Map([...acl].filter(([, { grantor }]) => grantor !== owner));
  const may = new Set([...acl.values()].filter((grant) => grant.grantor === owner && grant.grantable).map(optionOf));
  for (let before = -1; before !== rest.size;) {
    before = rest.size;
    for (const [key, grant] of rest) {
      if (!may.has(`${grant.grantor}\0${grant.privilege}`)) continue;
      if (grant.grantable) may.add(optionOf(grant));
      rest.delete(key);
    }
  }
  return rest;
}

export function optionOf({ grantee, privilege }: Pick<Grant, 'grantee' | 'privilege'>): string {
  return `${grantee}\0${privilege}`;
}

function words({ grantee, grantor, privilege }: Grant): string {
  return `${privilegeWords[privilege] ?? privilege} of ${grantee === '' ? 'public' : grantee} from ${grantor}`;
}

const letters = Object.keys(privilegeWords).join('');

function rankOf({ privilege }: Grant): number {
  return letters.indexOf(privilege);
}

export function inOrder(grants: Iterable<Grant>): readonly Grant[] {
  return [...grants].sort(
    (a, b) => byCodeUnit(a.grantor, b.grantor) || byCodeUnit(a.grantee, b.grantee) || rankOf(a) - rankOf(b),
  );
}
