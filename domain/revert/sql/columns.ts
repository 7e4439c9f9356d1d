/** Privileges on single columns. What is revoked on a table goes from its columns too, and some of it has to come back. */
import type { ObjectEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { type Acl, keyOf, mergeAcl, parseAcl, underOwner } from './acl.ts';
import { aclSteps } from './acl-statements.ts';
import { isRelation, nameOf } from './object-words.ts';
import { type Objects, type SchemaOf, type TableOutcome, completed } from './object-sides.ts';
import { sameItems } from './owned.ts';
import { quoteName } from './quote.ts';
import { type SqlUnit, gone, ranks, unit } from './unit.ts';

interface Sides {
  readonly s: Objects;
  readonly c: Objects;
  readonly l: Objects;
}

export function planColumns(
  database: string,
  sides: Sides,
  tables: ReadonlyMap<string, TableOutcome>,
  schemas: SchemaOf,
): readonly SqlUnit[] {
  const columns = (side: Objects): readonly (readonly [string, ObjectEntry])[] =>
    [...side].filter(([, { kind }]) => kind === 'column');
  const stripped = columns(sides.l).filter(([, { of }]) => (tables.get(of ?? '')?.revoked.length ?? 0) > 0);
  const all = new Map([...columns(sides.s), ...columns(sides.c), ...stripped]);
  if (all.size === 0) return [];
  const owners = { s: tableOwners(sides.s), c: tableOwners(sides.c), l: tableOwners(sides.l) };
  return [...all.keys()].sort(byCodeUnit).flatMap((key) => {
    const given = [sides.s.get(key) ?? null, sides.c.get(key) ?? null, sides.l.get(key) ?? null] as const;
    const [s, c, l] = completed(...given);
    const one = s ?? c ?? l;
    if (one === null) return [];
    const table = one.of ?? '';
    const outcome = tables.get(table);
    if (sameItems(s?.acl ?? [], c?.acl ?? []) && !stripped.some(([other]) => other === key)) return [];
    const was = owners.s.get(table);
    // A column of a table that the change made.
    if (was === undefined && one.initial === undefined) return [];
    const known = was ?? owners.l.get(table) ?? '';
    const is = owners.l.get(table) ?? (one.initial === undefined ? undefined : known);
    if (is === undefined) return owners.c.has(table) ? [tableGone(database, key, one)] : [];
    const owner = outcome?.merged.owner ?? is;
    const under = (side: ObjectEntry | null, from: string): Acl => underOwner(parseAcl(side?.acl ?? []), from, owner);
    const live = under(l, is);
    const merged = mergeColumn(under(s, known), under(c, owners.c.get(table) ?? known), live, outcome, owner);
    const left = without(live, outcome);
    const place = { on: `on table ${table}`, column: one.column ?? '', owner, ...schemas(table) };
    const steps = aclSteps(place, left, merged.want, outcome?.merged.want);
    if (steps.statements.length === 0 && sameItems(s?.acl ?? [], c?.acl ?? [])) return [];
    return [
      unit({
        key,
        section: 'catalogs',
        name: `${nameOf(one)} in database ${database}`,
        database,
        rank: ranks.column,
        statements: steps.statements,
        conflicts: merged.conflicts,
        needs: `grant ${quoteName(owner)} to $agent`,
        mayBeGone: given[1] === null && given[2] === null && one.initial !== undefined,
      }),
    ];
  });
}

function tableOwners(side: Objects): ReadonlyMap<string, string> {
  return new Map([...side.values()].filter(({ kind }) => isRelation(kind)).map(({ name, owner }) => [name, owner]));
}

/** A grant option held on the whole table is one on each column. */
function mergeColumn(
  s: Acl,
  c: Acl,
  l: Acl,
  outcome: TableOutcome | undefined,
  owner: string,
): ReturnType<typeof mergeAcl> {
  const merged = mergeAcl(s, c, l, owner);
  if (outcome === undefined || merged.conflicts.length === 0) return merged;
  const want = new Map(merged.want);
  const options = new Set(
    [...outcome.merged.want.values()]
      .filter(({ grantable }) => grantable)
      .map(({ grantee, privilege }) => `${grantee}\0${privilege}`),
  );
  for (const [key, grant] of s)
    if (!want.has(key) && options.has(`${grant.grantor}\0${grant.privilege}`)) want.set(key, grant);
  return { want, conflicts: merged.conflicts.filter(() => want.size === merged.want.size) };
}

/** What is left of it once its table's grants were revoked. */
function without(acl: Acl, outcome: TableOutcome | undefined): Acl {
  if (outcome === undefined || outcome.revoked.length === 0) return acl;
  const left = new Map(acl);
  for (const revoked of outcome.revoked) {
    const key = keyOf(revoked);
    const grant = left.get(key);
    if (grant === undefined) continue;
    if (outcome.merged.want.has(key)) left.set(key, { ...grant, grantable: false });
    else left.delete(key);
  }
  return left;
}

function tableGone(database: string, key: string, one: ObjectEntry): SqlUnit {
  const name = `${nameOf(one)} in database ${database}`;
  const problem = gone(name, 'Somebody dropped its table after the change.');
  return unit({
    key,
    section: 'catalogs',
    name,
    database,
    rank: ranks.note,
    statements: [],
    needs: '',
    decision: 'not-revertible',
    problem,
  });
}
