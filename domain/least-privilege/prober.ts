/** The roles that sql checks log in as where that is nobody's service: what their queries need, and what they have. Pure. */
import type { SqlCheck } from '../check.ts';
import type { ParsedSql } from '../plan/context.ts';
import { systemSchemas } from '../access/catalog-index.ts';
import { type Need, needInWords } from '../access/need.ts';
import { privilegesIn } from '../access/privileges.ts';
import { nameKey, nameParts, spelled } from '../access/sql-name.ts';
import { parseAcl } from '../revert/sql/acl.ts';
import { quoteName } from '../revert/sql/quote.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import type { Sections } from '../snapshot.ts';
import { type Privilege, grant } from './privilege.ts';

export interface Prober {
  readonly role: string;
  /** Connections that may be open at the same time. */
  readonly connectionLimit: number;
  /** By name: what its queries ask for there. */
  readonly databases: ReadonlyMap<string, readonly Need[]>;
  /** Why it is not known of some query, a sentence each. */
  readonly unclear: readonly string[];
}

/** A watch has one open for each check; an acceptance, `checks try` and one that is still being closed come beside. */
const connectionsEach = 3;

/** `parsed`: the queries of `checks`, in their order. */
export function probersOf(
  checks: readonly SqlCheck[],
  parsed: readonly ParsedSql[],
  roles: readonly string[],
): readonly Prober[] {
  return roles.flatMap((role) => {
    const own = checks.flatMap((check, index) => (check.user === role ? [{ check, sql: parsed[index] }] : []));
    if (own.length === 0) return [];
    const databases = new Map<string, readonly Need[]>();
    const unclear: string[] = [];
    for (const { check, sql } of own) {
      const needs = typeof sql?.statements === 'object' ? needsOf(sql.statements) : null;
      if (needs === null)
        unclear.push(`the query of check ${check.name} could not be read: grant by hand what it needs`);
      databases.set(check.database, merged(databases.get(check.database) ?? [], needs ?? []));
    }
    return [{ role, connectionLimit: connectionsEach * own.length + 2, databases, unclear }];
  });
}

function merged(a: readonly Need[], b: readonly Need[]): readonly Need[] {
  return [...new Map([...a, ...b].map((need) => [needInWords(need), need])).values()];
}

/** SELECT on each relation that is named, and the way to it. Functions are everybody's unless somebody took that away. */
function needsOf(statements: readonly unknown[]): readonly Need[] {
  const found: { readonly schema: string | undefined; readonly name: string }[] = [];
  const temporary = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'RangeVar') found.push({ schema: value.schemaname, name: value.relname });
      if (key === 'CommonTableExpr') temporary.add(value.ctename);
      walk(value);
    }
  };
  walk(statements);
  const relations = found
    .filter(({ schema, name }) => schema !== undefined || !(temporary.has(name) || name.startsWith('pg_')))
    .map(({ schema = 'public', name }) => ({ schema, name }))
    .filter(({ schema }) => !systemSchemas.includes(schema));
  return relations.flatMap(({ schema, name }) => relationNeeds([schema, name]));
}

/** What a query names without a schema may stand elsewhere than in public; what is not there cannot be granted. */
export function settled(prober: Prober, { catalogs }: Pick<Sections, 'catalogs'>): Prober {
  const unclear = [...prober.unclear];
  const databases = new Map(
    [...prober.databases].map(([database, needs]) => {
      const objects = catalogs.find((one) => one.database === database && one.unread === null)?.objects;
      if (objects === undefined) return [database, needs];
      const known = new Map(objects.filter(({ kind }) => kind in lettersOf).map(({ name }) => [nameKey(name), name]));
      const placed = needs.flatMap((need): readonly Need[] => {
        if (need.on.kind !== 'table') return [];
        const name = known.get(nameKey(need.on.name)) ?? onlyOne(need.on.name, [...known.values()]);
        if (name === null) {
          unclear.push(`${need.on.name} is not known in database ${database}: grant by hand what the check needs`);
          return [];
        }
        return relationNeeds(nameParts(name) ?? []);
      });
      return [database, merged([], placed)];
    }),
  );
  return { ...prober, databases, unclear };
}

function onlyOne(wanted: string, names: readonly string[]): string | null {
  const [schema, last] = nameParts(wanted) ?? [];
  if (schema !== 'public') return null;
  const [first = null, ...others] = names.filter(
    (name) => nameParts(name)?.length === 2 && nameParts(name)?.at(-1) === last,
  );
  return others.length === 0 ? first : null;
}

function relationNeeds(parts: readonly string[]): readonly Need[] {
  return [
    { privilege: 'usage', on: { kind: 'schema', name: spelled(parts.slice(0, 1)) } },
    { privilege: 'select', on: { kind: 'table', name: spelled(parts) } },
  ];
}

/** Of one database. */
export function proberPrivileges(database: string, needs: readonly Need[]): readonly Privilege[] {
  return [
    grant(`connect on database ${quoteName(database)}`, 'the check logs in here'),
    ...[...needs]
      .sort((a, b) => byCodeUnit(a.on.kind, b.on.kind) || byCodeUnit(a.on.name, b.on.name))
      .map((need) => grant(needInWords(need), 'the query of a check names it')),
  ];
}

export interface ProberFound {
  readonly lacking: readonly string[];
  readonly excess: readonly string[];
}

/** Both empty: it can do what its checks do, and beyond that only what everybody can. */
export function examineProber({ role, databases }: Prober, sections: Sections): ProberFound {
  const found = sections.roles.find(({ name }) => name === role);
  if (found === undefined) return { lacking: ['there is no such role'], excess: [] };
  const lacking = [
    ...(found.login ? [] : ['it may not log in']),
    ...[...databases].flatMap(([database, needs]) => {
      const ask = privilegesIn(sections, database);
      return needs.flatMap((need) => {
        const { holds } = ask(role, need);
        return holds.kind === 'denied' ? [`in database ${database}, ${holds.why}`] : [];
      });
    }),
  ];
  if (found.superuser) return { lacking, excess: ['it is a superuser'] };
  return {
    lacking,
    excess: [...ofRole(found), ...ofMemberships(role, sections), ...ofGrants(role, databases, sections)],
  };
}

function ofRole({ createRole, createDb, replication, bypassRls, connectionLimit }: Sections['roles'][0]): string[] {
  const flags = { CREATEROLE: createRole, CREATEDB: createDb, REPLICATION: replication, BYPASSRLS: bypassRls };
  return [
    ...Object.entries(flags).flatMap(([word, on]) => (on ? [`it has ${word}`] : [])),
    ...(connectionLimit < 0 ? ['it has no connection limit'] : []),
  ];
}

function ofMemberships(role: string, { memberships }: Sections): string[] {
  return memberships.filter(({ member }) => member === role).map((one) => `it is in ${one.role}`);
}

function ofGrants(role: string, wanted: Prober['databases'], { databases, catalogs }: Sections): string[] {
  const isTo = (acl: readonly string[], letters: string): boolean =>
    [...parseAcl(acl).values()].some(({ grantee, privilege }) => grantee === role && !letters.includes(privilege));
  return [
    ...databases
      .filter(({ name, owner, acl }) => owner === role || isTo(acl, wanted.has(name) ? 'c' : ''))
      .map(({ name }) => `it has more on database ${name} than to connect`),
    ...catalogs.flatMap(({ database, objects }) => {
      const named = new Set((wanted.get(database) ?? []).map(({ on }) => nameKey(on.name)));
      return objects
        .filter(
          ({ name, owner, acl, kind }) =>
            owner === role || isTo(acl, named.has(nameKey(name)) ? (lettersOf[kind] ?? '') : ''),
        )
        .map(({ kind, name }) => `it has privileges on ${kind} ${name} of database ${database} that no check needs`);
    }),
  ];
}

const lettersOf: Readonly<Record<string, string>> = {
  schema: 'U',
  table: 'r',
  view: 'r',
  'materialized view': 'r',
  'foreign table': 'r',
};
