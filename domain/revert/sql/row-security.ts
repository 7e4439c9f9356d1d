/** Row security: the flags of a table and each of its policies, three-way on their own. */
import type { DatabaseCatalog, PolicyEntry, RowSecurityEntry } from '../../catalog.ts';
import { byCodeUnit, canonicalJson } from '../../snapshot/canonical.ts';
import { policyKey, rowSecurityKey } from '../../snapshot/keys.ts';
import { quoteGrantee } from './quote.ts';
import { wanted, wayOf } from './three-way.ts';
import { type SqlUnit, gone, ranks, statement, unit } from './unit.ts';

type Catalog = Pick<DatabaseCatalog, 'database' | 'objects' | 'rowSecurity'>;

export function planRowSecurity(s: Catalog, c: Catalog, l: Catalog): readonly SqlUnit[] {
  const { database } = s;
  const [was, did, is] = [byTable(s), byTable(c), byTable(l)];
  const touched = [...new Set([...was.keys(), ...did.keys()])].filter(
    (table) => canonicalJson(was.get(table) ?? null) !== canonicalJson(did.get(table) ?? null),
  );
  if (touched.length === 0) return [];
  const [before, after, now] = [tablesOf(s), tablesOf(c), tablesOf(l)];
  return touched.sort(byCodeUnit).flatMap((table) => {
    // Made by the change, with its policies.
    if (!before.has(table)) return [];
    const none: RowSecurityEntry = { table, enabled: false, forced: false, policies: [] };
    const sides = [was.get(table) ?? none, did.get(table) ?? none, is.get(table) ?? none] as const;
    if (now.has(table)) return [...planFlags(database, table, sides), ...planPolicies(database, table, sides)];
    return after.has(table) ? [tableGone(database, table)] : [];
  });
}

type Sides = readonly [RowSecurityEntry, RowSecurityEntry, RowSecurityEntry];

function byTable({ rowSecurity }: Catalog): ReadonlyMap<string, RowSecurityEntry> {
  return new Map(rowSecurity.map((entry) => [entry.table, entry]));
}

function tablesOf({ objects }: Catalog): ReadonlySet<string> {
  return new Set(objects.filter(({ kind }) => kind === 'table').map(({ name }) => name));
}

const common = (database: string, table: string) => ({
  section: 'catalogs' as const,
  database,
  statements: [],
  needs: `make $agent a member of the role that owns ${table}`,
});

function tableGone(database: string, table: string): SqlUnit {
  const name = `row security of ${table} in database ${database}`;
  const problem = gone(name, 'Somebody dropped the table after the change.');
  return unit({
    ...common(database, table),
    key: rowSecurityKey(database, { table }),
    name,
    rank: ranks.note,
    decision: 'not-revertible',
    problem,
  });
}

function planFlags(database: string, table: string, [s, c, l]: Sides): readonly SqlUnit[] {
  if (s.enabled === c.enabled && s.forced === c.forced) return [];
  const [enabled, forced] = [wanted(s.enabled, c.enabled, l.enabled), wanted(s.forced, c.forced, l.forced)];
  const clauses = [
    ...(enabled === l.enabled ? [] : [`${enabled ? 'enable' : 'disable'} row level security`]),
    ...(forced === l.forced ? [] : [`${forced ? 'force' : 'no force'} row level security`]),
  ];
  return [
    unit({
      ...common(database, table),
      key: rowSecurityKey(database, { table }),
      name: `row security of ${table} in database ${database}`,
      rank: ranks.rowSecurity,
      statements: clauses.length === 0 ? [] : [statement(`alter table ${table} ${clauses.join(', ')}`)],
    }),
  ];
}

function planPolicies(database: string, table: string, sides: Sides): readonly SqlUnit[] {
  const [was, did, is] = [byPolicy(sides[0]), byPolicy(sides[1]), byPolicy(sides[2])];
  return [...new Set([...was.keys(), ...did.keys()])].sort(byCodeUnit).flatMap((name) => {
    const [s, c, l] = [was.get(name) ?? null, did.get(name) ?? null, is.get(name) ?? null];
    const way = wayOf(s, c, l, same);
    if (way === 'untouched') return [];
    return [
      unit({
        ...common(database, table),
        key: policyKey(database, table, { name }),
        name: `policy ${name} on ${table} in database ${database}`,
        rank: ranks.policy,
        statements: way === 'done' ? [] : steps(table, s, l).map((line) => statement(line)),
        conflicts:
          way === 'conflict' ? [`somebody else ${l === null ? 'dropped' : 'changed'} it since: the old one wins`] : [],
      }),
    ];
  });
}

type Policies = ReadonlyMap<string, PolicyEntry>;

function byPolicy({ policies }: RowSecurityEntry): Policies {
  return new Map(policies.map((policy) => [policy.name, policy]));
}

function same(a: PolicyEntry | null, b: PolicyEntry | null): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Only roles and expressions can be altered, and an expression cannot be taken away. */
function steps(table: string, want: PolicyEntry | null, live: PolicyEntry | null): readonly string[] {
  const drop = (name: string): string => `drop policy ${name} on ${table}`;
  if (want === null) return live === null ? [] : [drop(live.name)];
  if (live === null) return [create(table, want)];
  const altered =
    want.permissive === live.permissive &&
    want.command === live.command &&
    (want.using !== null || live.using === null) &&
    (want.check !== null || live.check === null);
  if (!altered) return [drop(live.name), create(table, want)];
  return [`alter policy ${want.name} on ${table} to ${roles(want)}${expressions(want)}`];
}

function create(table: string, policy: PolicyEntry): string {
  const kind = policy.permissive ? 'permissive' : 'restrictive';
  return `create policy ${policy.name} on ${table} as ${kind} for ${policy.command} to ${roles(policy)}${expressions(policy)}`;
}

function roles({ roles: names }: PolicyEntry): string {
  return names.map(quoteGrantee).join(', ');
}

function expressions({ using, check }: PolicyEntry): string {
  return `${using === null ? '' : ` using (${using})`}${check === null ? '' : ` with check (${check})`}`;
}
