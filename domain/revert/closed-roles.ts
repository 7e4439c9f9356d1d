/** Roles that a revert never lets in again: they go back to what they were only where that opens nothing. Pure. */
import { type NeverReopen, held } from '../never-reopen.ts';
import type { Problem } from '../problem.ts';
import type { RoleEntry } from '../snapshot.ts';
import { sameVerifier } from './sql/roles.ts';

export interface ClosedRoles {
  /** S as far as it may come back. */
  readonly roles: readonly RoleEntry[];
  readonly problems: readonly Problem[];
}

/** `change` null: unknown, then C := L. */
export function closeRoles(
  before: readonly RoleEntry[],
  change: readonly RoleEntry[] | null,
  live: readonly RoleEntry[],
  { roles: names }: Pick<NeverReopen, 'roles'>,
): ClosedRoles {
  if (names.length === 0) return { roles: before, problems: [] };
  const [did, is] = [byName(change ?? live), byName(live)];
  const problems: Problem[] = [];
  const roles = before.map((role) => {
    if (!names.includes(role.name)) return role;
    const [changed, now] = [did.get(role.name) ?? null, is.get(role.name) ?? null];
    const want = nowhereMoreOpen(role, now);
    const stays = words.filter(
      ([name]) => differs(name, want, role) && (changed === null || differs(name, changed, role)),
    );
    if (stays.length > 0)
      problems.push(
        problemOf(
          role.name,
          now,
          stays.map(([, word]) => word),
        ),
      );
    return want;
  });
  return { roles, problems };
}

function byName(roles: readonly RoleEntry[]): ReadonlyMap<string, RoleEntry> {
  return new Map(roles.map((role) => [role.name, role]));
}

const words = [
  ['login', 'LOGIN'],
  ['connectionLimit', 'CONNECTION LIMIT'],
  ['validUntil', 'VALID UNTIL'],
  ['verifier', 'PASSWORD'],
  ['superuser', 'SUPERUSER'],
  ['replication', 'REPLICATION'],
  ['bypassRls', 'BYPASSRLS'],
  ['createRole', 'CREATEROLE'],
  ['createDb', 'CREATEDB'],
] as const satisfies readonly (readonly [keyof RoleEntry, string])[];

function differs(name: (typeof words)[number][0], one: RoleEntry, other: RoleEntry): boolean {
  return name === 'verifier' ? !sameVerifier(one.verifier, other.verifier) : one[name] !== other[name];
}

/** Made anew it owns what it owned, and nobody gets in by it. */
const shut = { login: false, verifier: null, superuser: false, replication: false, bypassRls: false } as const;

function nowhereMoreOpen(was: RoleEntry, is: RoleEntry | null): RoleEntry {
  if (is === null) return { ...was, ...shut, createRole: false, createDb: false };
  return {
    ...was,
    login: was.login && is.login,
    superuser: was.superuser && is.superuser,
    replication: was.replication && is.replication,
    bypassRls: was.bypassRls && is.bypassRls,
    createRole: was.createRole && is.createRole,
    createDb: was.createDb && is.createDb,
    connectionLimit: fewer(was.connectionLimit, is.connectionLimit),
    validUntil: sooner(was.validUntil, is.validUntil),
    // Whoever knows the old one is who was to be kept out.
    verifier: was.verifier === null ? null : is.verifier,
  };
}

/** -1: no limit. */
function fewer(one: number, other: number): number {
  return one === -1 ? other : other === -1 ? one : Math.min(one, other);
}

/** Both are UTC in one form, so that they compare as text; null and `infinity`: no end. */
function sooner(one: string | null, other: string | null): string | null {
  const ends = [one, other].filter((end) => end !== null && end !== 'infinity');
  if (ends.includes('-infinity')) return '-infinity';
  const [first = one, second = first] = ends as string[];
  return first !== null && second !== null && second < first ? second : first;
}

function problemOf(role: string, now: RoleEntry | null, stays: readonly string[]): Problem {
  return held(
    now === null ? `role ${role} is made anew and cannot log in` : `role ${role} stays as it is: ${stays.join(', ')}`,
    'It is on the list of those whom a revert never lets in again.',
  );
}
