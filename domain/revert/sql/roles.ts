/** Roles: each attribute three-way. One that the change made stays and cannot log in; one that it dropped is made anew. */
import { pairs } from '../../snapshot/diff.ts';
import type { RoleEntry } from '../../snapshot.ts';
import { quoteLiteral, quoteName } from './quote.ts';
import { wayOf } from './three-way.ts';
import { type SqlUnit, type Statement, ranks, statement, unit } from './unit.ts';

/** The secret behind a fingerprint; null: not known. */
export type SecretOf = (fingerprint: string) => string | null;

type Attribute = Exclude<keyof RoleEntry, 'name' | 'settings' | 'verifier'>;

const words = {
  superuser: (on) => flag(on, 'superuser'),
  inherit: (on) => flag(on, 'inherit'),
  createRole: (on) => flag(on, 'createrole'),
  createDb: (on) => flag(on, 'createdb'),
  login: (on) => flag(on, 'login'),
  replication: (on) => flag(on, 'replication'),
  bypassRls: (on) => flag(on, 'bypassrls'),
  connectionLimit: (limit) => `connection limit ${limit}`,
  // PostgreSQL has no way back to NULL; it means the same.
  validUntil: (until) => `valid until ${quoteLiteral(until ?? 'infinity')}`,
} as const satisfies { readonly [name in Attribute]: (value: RoleEntry[name]) => string };

const attributes = Object.keys(words) as readonly Attribute[];

function flag(on: boolean, word: string): string {
  return on ? word : `no${word}`;
}

export function planRoles(
  s: readonly RoleEntry[],
  c: readonly RoleEntry[],
  l: readonly RoleEntry[],
  secretOf: SecretOf,
): readonly SqlUnit[] {
  const live = new Map(l.map((role) => [role.name, role]));
  return pairs(s, c, 'name').flatMap(({ id, from, to }) => {
    if (id === '') return [];
    const is = live.get(id) ?? null;
    if (from === null) return to === null ? [] : [madeByChange(to, is)];
    if (to !== null && sameRole(from, to)) return [];
    return [is === null ? goneRole(from, to, secretOf) : changedRole(from, to, is, secretOf)];
  });
}

function sameRole(a: RoleEntry, b: RoleEntry): boolean {
  return attributes.every((name) => sameValue(name, a[name], b[name])) && sameVerifier(a.verifier, b.verifier);
}

function sameValue(name: Attribute, a: RoleEntry[Attribute], b: RoleEntry[Attribute]): boolean {
  return name === 'validUntil' ? (a ?? 'infinity') === (b ?? 'infinity') : a === b;
}

/** Unreadable on one side: nobody can tell, and nothing is done about it. */
export function sameVerifier(a: string | null, b: string | null): boolean {
  return a === b || a === 'unreadable' || b === 'unreadable';
}

const common = (name: string) => ({
  key: `role:${name}`,
  section: 'roles' as const,
  name: `role ${name}`,
  database: null,
  effect: 'reconnect' as const,
  needs: `alter role $agent createrole; grant ${quoteName(name)} to $agent with admin option`,
});

function madeByChange({ name }: RoleEntry, is: RoleEntry | null): SqlUnit {
  const statements = is?.login === true ? [statement(`alter role ${quoteName(name)} nologin`)] : [];
  return unit({
    ...common(name),
    rank: ranks.role,
    statements,
    ...(is === null ? {} : { decision: statements.length > 0 ? ('restore' as const) : ('not-revertible' as const) }),
    note: is === null ? 'made by the change, and gone again' : 'made by the change: it stays, and cannot log in',
  });
}

/** The change dropped it, or somebody did since: its grants and memberships follow from their own items. */
function goneRole(from: RoleEntry, to: RoleEntry | null, secretOf: SecretOf): SqlUnit {
  const { name } = from;
  const verifier = passwordOf(from.verifier, secretOf);
  // A new role has no limit by itself, and then NULL as the old one had.
  const said = attributes.filter((attribute) => attribute !== 'validUntil' || from.validUntil !== null);
  const options = said.map((attribute) => optionOf(from, attribute)).join(' ');
  const create = (password: string): string =>
    `create role ${quoteName(name)} ${options}${password === '' ? '' : ` ${password}`}`;
  return unit({
    ...common(name),
    rank: ranks.createRole,
    statements: [statement(create(verifier?.sql ?? ''), create(verifier?.shown ?? ''))],
    conflicts: to === null ? [] : ['somebody else dropped it since the change: made anew'],
    problem: verifier === null ? unknownPassword(name) : null,
    needs: 'alter role $agent createrole',
  });
}

function changedRole(from: RoleEntry, to: RoleEntry | null, is: RoleEntry, secretOf: SecretOf): SqlUnit {
  const { name } = from;
  const clauses: Statement[] = [];
  const conflicts: string[] = [];
  for (const attribute of attributes) {
    const same = (a: RoleEntry[Attribute] | undefined, b: RoleEntry[Attribute] | undefined): boolean =>
      a === undefined || b === undefined ? a === b : sameValue(attribute, a, b);
    const way = wayOf<RoleEntry[Attribute] | undefined>(from[attribute], to?.[attribute], is[attribute], same);
    if (way === 'restore' || way === 'conflict') clauses.push(statement(optionOf(from, attribute)));
    if (way === 'conflict') conflicts.push(`somebody else made it ${optionOf(is, attribute)} since`);
  }
  const password = verifierWay(from, to, is);
  let problem = null;
  if (password === 'restore') {
    const clause = passwordOf(from.verifier, secretOf);
    if (clause === null) problem = unknownPassword(name);
    else clauses.push(clause);
  } else if (password === 'conflict') conflicts.push('somebody else changed its password since: it stays');
  const line = (part: keyof Statement): string =>
    `alter role ${quoteName(name)} ${clauses.map((clause) => clause[part]).join(' ')}`;
  return unit({
    ...common(name),
    rank: is.superuser && !from.superuser ? ranks.lessSuperuser : ranks.role,
    statements: clauses.length === 0 ? [] : [statement(line('sql'), line('shown'))],
    conflicts,
    problem,
    ...(from.superuser || is.superuser || from.replication || from.bypassRls
      ? { needs: 'alter role $agent superuser' }
      : {}),
  });
}

function verifierWay(from: RoleEntry, to: RoleEntry | null, is: RoleEntry): 'nothing' | 'restore' | 'conflict' {
  if ([from, to, is].some((role) => role?.verifier === 'unreadable')) return 'nothing';
  // Dropped by the change and made anew by somebody else: the password is theirs.
  const way = wayOf<string | null | undefined>(from.verifier, to === null ? undefined : to.verifier, is.verifier);
  return way === 'untouched' || way === 'done' ? 'nothing' : way;
}

function optionOf<A extends Attribute>(role: RoleEntry, attribute: A): string {
  const word = words[attribute] as (value: RoleEntry[A]) => string;
  return word(role[attribute]);
}

/** A verifier is stored as it is given: SCRAM and MD5 hashes come back to the letter. null: its secret is not known. */
function passwordOf(verifier: string | null, secretOf: SecretOf): Statement | null {
  if (verifier === null) return statement('password null');
  if (verifier === 'unreadable') return null;
  const secret = secretOf(verifier);
  return secret === null ? null : statement(`password ${quoteLiteral(secret)}`, `password '<${verifier}>'`);
}

function unknownPassword(name: string) {
  return {
    code: 'password-unknown',
    message: `the old password of role ${name} is not known`,
    detail: 'The snapshot was taken without the right to read it.',
    hint: 'Set it by hand; "grant select on pg_authid" to the agent\'s role makes it known the next time.',
  };
}
