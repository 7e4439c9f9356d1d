/** GRANT and REVOKE that lead from one access list to another, each as its grantor, option chains in their order. */
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { type Acl, type Grant, inOrder, keyOf, optionOf, privilegeWords } from './acl.ts';
import { quoteGrantee, quoteName } from './quote.ts';
import { type Statement, statement } from './unit.ts';

export interface GrantPlace {
  /** As GRANT names it: `on table public.orders`. */
  readonly on: string;
  /** Quoted; for privileges on one column. */
  readonly column?: string;
  /** Grants as the owner need no change of role: who may act for the owner grants as the owner. */
  readonly owner: string;
  /** The schema it is in, and who may enter it ('' is everybody): a grantor may have lost that since it granted. */
  readonly schema?: { readonly name: string; readonly open: ReadonlySet<string> };
}

export interface AclSteps {
  readonly statements: readonly Statement[];
  /** Taken away on the way, also by a cascade: on a table, the same goes from its columns. */
  readonly revoked: readonly Grant[];
}

/** `mayGrant`: grant options held elsewhere, on the table of a column. */
export function aclSteps(place: GrantPlace, live: Acl, want: Acl, mayGrant: Acl = new Map()): AclSteps {
  const state = new Map(live);
  const revokes = revokesOf(place, state, want);
  const grants = grantsOf(place, state, want, mayGrant);
  const revoked = [...(revokes.statements.length === 0 ? [] : live.values())].filter((grant) => {
    const after = revokes.left.get(keyOf(grant));
    return after === undefined || (grant.grantable && !after.grantable);
  });
  return { statements: [...revokes.statements, ...grants], revoked };
}

/** No chain is as long: groups sort as text, the deepest first. */
const deepest = 999_999;

interface Step {
  readonly grant: Grant;
  /** The grant option alone. */
  readonly optionOnly: boolean;
  readonly cascade: boolean;
}

function revokesOf(place: GrantPlace, state: Map<string, Grant>, want: Acl): { statements: Statement[]; left: Acl } {
  const candidates = [...state].filter(([key, grant]) => {
    const kept = want.get(key);
    return kept === undefined || (grant.grantable && !kept.grantable);
  });
  if (candidates.length === 0) return { statements: [], left: state };
  const depth = depths(state, place.owner);
  const unwanted = [...inOrder(candidates.map(([, grant]) => grant))].sort(
    (a, b) => (depth.get(keyOf(b)) ?? 0) - (depth.get(keyOf(a)) ?? 0),
  );
  const steps: Step[] = [];
  for (const grant of unwanted) {
    if (!state.has(keyOf(grant))) continue;
    const optionOnly = want.has(keyOf(grant));
    if (optionOnly) state.set(keyOf(grant), { ...grant, grantable: false });
    else state.delete(keyOf(grant));
    const cascade = grant.grantable && dropDependents(state, grant, place.owner);
    steps.push({ grant, optionOnly, cascade });
  }
  const groups = grouped(steps, ({ grant, optionOnly, cascade }) => [
    String(deepest - (depth.get(keyOf(grant)) ?? 0)).padStart(6, '0'),
    grant.grantor,
    String(optionOnly),
    String(cascade),
  ]);
  const statements = groups.flatMap((group) => {
    const [{ grant, optionOnly, cascade }] = group;
    return asGrantor(
      place,
      grant.grantor,
      byPrivileges(group.map((step) => step.grant)).map(
        ({ privileges, grantees }) =>
          `revoke ${optionOnly ? 'grant option for ' : ''}${listed(place, privileges)} ${place.on} from ${grantees}${cascade ? ' cascade' : ''}`,
      ),
    );
  });
  return { statements, left: new Map(state) };
}

/** What the server takes away with it (`recursive_revoke`); a grant option held from somebody else as well keeps it. */
function dropDependents(state: Map<string, Grant>, { grantee, privilege }: Grant, owner: string): boolean {
  if (grantee === owner) return false;
  const still = [...state.values()].some(
    (other) => other.grantable && other.grantee === grantee && other.privilege === privilege,
  );
  if (still) return false;
  const dependents = [...state.values()].filter((other) => other.grantor === grantee && other.privilege === privilege);
  for (const dependent of dependents) {
    state.delete(keyOf(dependent));
    if (dependent.grantable) dropDependents(state, dependent, owner);
  }
  return dependents.length > 0;
}

function grantsOf(place: GrantPlace, state: Map<string, Grant>, want: Acl, mayGrant: Acl): readonly Statement[] {
  const lacking = [...want].filter(([key, grant]) => {
    const has = state.get(key);
    return has === undefined || (grant.grantable && !has.grantable);
  });
  let missing = inOrder(lacking.map(([, grant]) => grant));
  const statements: Statement[] = [];
  while (missing.length > 0) {
    const options = new Set(
      [...state.values(), ...mayGrant.values()].filter(({ grantable }) => grantable).map(optionOf),
    );
    const may = ({ grantor, privilege }: Grant): boolean =>
      grantor === place.owner || options.has(optionOf({ grantee: grantor, privilege }));
    // What nobody may grant is tried all the same: the server says why not.
    const ready = missing.some(may) ? missing.filter(may) : missing;
    for (const group of grouped(ready, ({ grantor, grantable }) => [grantor, String(grantable)])) {
      const [{ grantor, grantable }] = group;
      const lines = byPrivileges(group).map(
        ({ privileges, grantees }) =>
          `grant ${listed(place, privileges)} ${place.on} to ${grantees}${grantable ? ' with grant option' : ''}`,
      );
      statements.push(...asGrantor(place, grantor, lines));
    }
    for (const grant of ready) state.set(keyOf(grant), grant);
    missing = missing.filter((grant) => !ready.includes(grant));
  }
  return statements;
}

function asGrantor({ owner, schema }: GrantPlace, grantor: string, lines: readonly string[]): readonly Statement[] {
  const statements = lines.map((line) => statement(line));
  if (owner === '' || grantor === owner) return statements;
  const role = quoteName(grantor);
  const asRole = [statement(`set local role ${role}`), ...statements, statement('set local role none')];
  if (schema === undefined || schema.open.has('') || schema.open.has(grantor)) return asRole;
  // Within the transaction, so that nobody sees it: a name in a schema is found only by who may enter it.
  const usage = (verb: string): Statement =>
    statement(`${verb} usage on schema ${schema.name} ${verb === 'grant' ? 'to' : 'from'} ${role}`);
  return [usage('grant'), ...asRole, usage('revoke')];
}

/** How many grants lie between the owner and this one. */
function depths(acl: Acl, owner: string): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  let level = new Set([...acl.values()].filter(({ grantor }) => grantor === owner).map(keyOf));
  for (let at = 0; level.size > 0; at += 1) {
    for (const key of level) depth.set(key, at);
    const options = new Set(
      [...level].flatMap((key) => (acl.get(key)?.grantable ? [optionOf(acl.get(key) as Grant)] : [])),
    );
    level = new Set(
      [...acl]
        .filter(([key, { grantor, privilege }]) => !depth.has(key) && options.has(`${grantor}\0${privilege}`))
        .map(([key]) => key),
    );
  }
  return depth;
}

function grouped<T>(items: readonly T[], keyed: (item: T) => readonly string[]): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyed(item).join('\0');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].sort(([a], [b]) => byCodeUnit(a, b)).map(([, group]) => group);
}

/** Who gets the same privileges stands in one statement. */
function byPrivileges(grants: readonly Grant[]): readonly { privileges: readonly string[]; grantees: string }[] {
  const perGrantee = grouped(grants, ({ grantee }) => [grantee]);
  const letters = new Map<string, string[]>();
  for (const group of perGrantee) {
    const key = inOrder(group)
      .map(({ privilege }) => privilege)
      .join('');
    letters.set(key, [...(letters.get(key) ?? []), quoteGrantee(group[0].grantee)]);
  }
  return [...letters].map(([key, grantees]) => ({ privileges: Array.from(key), grantees: grantees.join(', ') }));
}

function listed({ column }: GrantPlace, privileges: readonly string[]): string {
  return privileges
    .map((letter) => privilegeWords[letter] ?? letter)
    .map((word) => (column === undefined ? word : `${word} (${column})`))
    .join(', ');
}
