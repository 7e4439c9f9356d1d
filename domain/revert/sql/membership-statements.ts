/** GRANT and REVOKE of memberships that lead from what is to what shall be, grantors in their order. */
import type { MembershipEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { quoteName } from './quote.ts';
import { type Statement, statement } from './unit.ts';

type Side = ReadonlyMap<string, MembershipEntry>;

export function membershipSteps(role: string, live: Side, want: Side, versionNum: number): readonly Statement[] {
  return versionNum >= 160000 ? chained(role, live, want) : flat(role, live, want);
}

/** Before 16: one row a member, and the grantor is but a note. */
function flat(role: string, live: Side, want: Side): readonly Statement[] {
  const name = quoteName(role);
  const lines: string[] = [];
  for (const [key, is] of sorted(live)) {
    const shall = want.get(key);
    if (shall === undefined || shall.grantor !== is.grantor) lines.push(`revoke ${name} from ${quoteName(is.member)}`);
    else if (is.admin && !shall.admin) lines.push(`revoke admin option for ${name} from ${quoteName(is.member)}`);
  }
  for (const [key, shall] of sorted(want)) {
    const is = live.get(key);
    if (is !== undefined && is.grantor === shall.grantor && (is.admin || !shall.admin)) continue;
    const option = shall.admin ? ' with admin option' : '';
    lines.push(`grant ${name} to ${quoteName(shall.member)}${option} granted by ${quoteName(shall.grantor)}`);
  }
  return lines.map((line) => statement(line));
}

function chained(role: string, live: Side, want: Side): readonly Statement[] {
  const name = quoteName(role);
  const state = new Map(live);
  const lines: string[] = [];
  const unwanted = sorted(live).filter(([key, is]) => {
    const shall = want.get(key);
    return shall === undefined || (is.admin && !shall.admin);
  });
  const depth = depths(live);
  for (const [key, is] of unwanted.sort(([a], [b]) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0))) {
    if (!state.has(key)) continue;
    const shall = want.get(key);
    if (shall === undefined) state.delete(key);
    else state.set(key, { ...is, admin: false });
    const cascade = is.admin && dropDependents(state, is.member) ? ' cascade' : '';
    const what = shall === undefined ? name : `admin option for ${name}`;
    lines.push(`revoke ${what} from ${quoteName(is.member)} granted by ${quoteName(is.grantor)}${cascade}`);
  }
  let missing = sorted(want).filter(([key, shall]) => !sameOptions(state.get(key), shall));
  while (missing.length > 0) {
    const admins = new Set([...state.values()].filter(({ admin }) => admin).map(({ member }) => member));
    const later = new Set(missing.filter(([, { admin }]) => admin).map(([, { member }]) => member));
    // Who is no admin of it even in the end is the bootstrap superuser, or the server says why not.
    const may = ({ grantor }: MembershipEntry): boolean => admins.has(grantor) || !later.has(grantor);
    const ready = missing.some(([, shall]) => may(shall)) ? missing.filter(([, shall]) => may(shall)) : missing;
    for (const [key, shall] of ready) {
      lines.push(
        `grant ${name} to ${quoteName(shall.member)} with admin ${shall.admin}, inherit ${shall.inherit ?? true}, set ${shall.set ?? true} granted by ${quoteName(shall.grantor)}`,
      );
      state.set(key, shall);
    }
    missing = missing.filter((one) => !ready.includes(one));
  }
  return lines.map((line) => statement(line));
}

function dropDependents(state: Map<string, MembershipEntry>, member: string): boolean {
  if ([...state.values()].some((other) => other.member === member && other.admin)) return false;
  const dependents = [...state].filter(([, { grantor }]) => grantor === member);
  for (const [key, dependent] of dependents) {
    state.delete(key);
    if (dependent.admin) dropDependents(state, dependent.member);
  }
  return dependents.length > 0;
}

function depths(side: Side): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  const admins = new Set([...side.values()].filter(({ admin }) => admin).map(({ member }) => member));
  let level = [...side].filter(([, { grantor }]) => !admins.has(grantor));
  for (let at = 0; level.length > 0; at += 1) {
    for (const [key] of level) depth.set(key, at);
    const members = new Set(level.filter(([, { admin }]) => admin).map(([, { member }]) => member));
    level = [...side].filter(([key, { grantor }]) => !depth.has(key) && members.has(grantor));
  }
  return depth;
}

function sameOptions(a: MembershipEntry | undefined, b: MembershipEntry): boolean {
  return a !== undefined && a.admin === b.admin && a.inherit === b.inherit && a.set === b.set;
}

function sorted(side: Side): [string, MembershipEntry][] {
  return [...side].sort(([a], [b]) => byCodeUnit(a, b));
}
