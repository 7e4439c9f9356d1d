/** Memberships, one unit a role: revoked leaf first, granted in the order in which grantors come to their right. */
import type { MembershipEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import type { RevertItem } from '../../plan.ts';
import { membershipKey } from '../../snapshot/keys.ts';
import { membershipSteps } from './membership-statements.ts';
import { quoteName } from './quote.ts';
import { wanted, wayOf } from './three-way.ts';
import { type SqlUnit, ranks, unit } from './unit.ts';

/** Before 16 a membership is one, whoever granted it; since then each grantor's is one of its own. */
export function planMemberships(
  s: readonly MembershipEntry[],
  c: readonly MembershipEntry[],
  l: readonly MembershipEntry[],
  versionNum: number,
): readonly SqlUnit[] {
  const identity = ({ member, grantor }: MembershipEntry): string =>
    versionNum >= 160000 ? `${member}\0${grantor}` : member;
  const sides = [s, c, l].map((entries) => byRole(entries, identity)) as [Roles, Roles, Roles];
  const roles = [...new Set([...sides[0].keys(), ...sides[1].keys()])].sort(byCodeUnit);
  return roles.flatMap((role) => {
    const [was, did, is] = sides.map((side) => side.get(role) ?? new Map<string, MembershipEntry>()) as [
      Side,
      Side,
      Side,
    ];
    return planRole(role, was, did, is, versionNum);
  });
}

type Side = ReadonlyMap<string, MembershipEntry>;
type Roles = ReadonlyMap<string, Side>;

function byRole(entries: readonly MembershipEntry[], identity: (entry: MembershipEntry) => string): Roles {
  const roles = new Map<string, Map<string, MembershipEntry>>();
  for (const entry of entries) {
    const side = roles.get(entry.role) ?? new Map<string, MembershipEntry>();
    roles.set(entry.role, side.set(identity(entry), entry));
  }
  return roles;
}

function planRole(role: string, s: Side, c: Side, l: Side, versionNum: number): readonly SqlUnit[] {
  const touched = [...new Set([...s.keys(), ...c.keys()])]
    .filter((key) => !sameEntry(s.get(key), c.get(key)))
    .sort(byCodeUnit);
  if (touched.length === 0) return [];
  const conflicts: string[] = [];
  const want = new Map(l);
  for (const key of touched) {
    const entry = merged(s.get(key), c.get(key), l.get(key));
    if (entry === undefined) want.delete(key);
    else want.set(key, entry);
  }
  if (versionNum >= 160000) dropAdrift(want, l, conflicts);
  const items = touched.flatMap((key): RevertItem[] => {
    const [was, did, is] = [s.get(key), c.get(key), l.get(key)];
    const one = was ?? did;
    if (one === undefined) return [];
    const shall = want.get(key);
    const todo = !sameEntry(shall, is);
    const conflict = wayOf(was, did, is, sameEntry) === 'conflict' && todo;
    if (conflict) conflicts.push(`somebody else changed the membership of ${one.member} since: the old one wins`);
    const line = membershipSteps(
      role,
      is === undefined ? new Map() : new Map([[key, is]]),
      shall === undefined ? new Map() : new Map([[key, shall]]),
      versionNum,
    );
    return [
      {
        key: membershipKey(one),
        section: 'memberships',
        action: todo ? 'set' : 'none',
        effect: todo ? 'reconnect' : 'none',
        summary: todo ? line.map(({ shown }) => `${shown};`).join(' ') : `${one.member} in ${role}: as it should be`,
        decision: conflict ? 'conflict-restored' : todo ? 'restore' : 'nothing',
        ...(conflict ? { note: 'somebody else changed it since: the old one wins' } : {}),
      },
    ];
  });
  const parts = unit({
    key: `membership:${role}`,
    section: 'memberships',
    name: `members of ${role}`,
    database: null,
    rank: ranks.membership,
    statements: membershipSteps(role, l, want, versionNum),
    conflicts,
    needs: `grant ${quoteName(role)} to $agent with admin option`,
  });
  return [{ ...parts, items }];
}

/** Whoever granted it loses the right to: it falls with that, and cannot be granted again. */
function dropAdrift(want: Map<string, MembershipEntry>, live: Side, conflicts: string[]): void {
  const admins = (side: Side): ReadonlySet<string> =>
    new Set([...side.values()].filter(({ admin }) => admin).map(({ member }) => member));
  const were = admins(live);
  for (let before = -1; before !== want.size;) {
    before = want.size;
    const are = admins(want);
    for (const [key, { member, grantor }] of want) {
      if (are.has(grantor) || !were.has(grantor)) continue;
      want.delete(key);
      conflicts.push(`the membership of ${member} falls with the admin option of ${grantor}, who granted it`);
    }
  }
}

function sameEntry(a: MembershipEntry | undefined, b: MembershipEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.admin === b.admin && a.inherit === b.inherit && a.set === b.set && a.grantor === b.grantor;
}

/** Option by option where all three exist, else the old one as a whole. */
function merged(
  s: MembershipEntry | undefined,
  c: MembershipEntry | undefined,
  l: MembershipEntry | undefined,
): MembershipEntry | undefined {
  if (s === undefined || c === undefined || l === undefined) return wanted(s, c, l, sameEntry);
  return {
    ...l,
    grantor: wanted(s.grantor, c.grantor, l.grantor),
    admin: wanted(s.admin, c.admin, l.admin),
    inherit: wanted(s.inherit, c.inherit, l.inherit),
    set: wanted(s.set, c.set, l.set),
  };
}
