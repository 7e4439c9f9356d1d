/** Objects of one database: owner first, then the grants on it; columns after their tables, which may take theirs along. */
import type { ObjectEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { objectKey } from '../../snapshot/keys.ts';
import type { Acl } from './acl.ts';
import { aclSteps } from './acl-statements.ts';
import { planColumns } from './columns.ts';
import { type Objects, type SchemaOf, type TableOutcome, completed, schemasOf } from './object-sides.ts';
import { isRelation, nameOf, wordsOf } from './object-words.ts';
import { mergeOwned, sameOwned } from './owned.ts';
import { quoteName } from './quote.ts';
import { type SqlUnit, gone, ranks, statement, unit } from './unit.ts';

export function planObjects(
  database: string,
  s: readonly ObjectEntry[],
  c: readonly ObjectEntry[],
  l: readonly ObjectEntry[],
): readonly SqlUnit[] {
  const sides = { s: byKey(database, s), c: byKey(database, c), l: byKey(database, l) };
  const tables = new Map<string, TableOutcome>();
  const made: ObjectEntry[] = [];
  const units: SqlUnit[] = [];
  const schemas = schemasOf(sides.l, restoredSchemas(sides));
  for (const key of new Set([...sides.s.keys(), ...sides.c.keys()])) {
    const [was, did, is] = completed(sides.s.get(key) ?? null, sides.c.get(key) ?? null, sides.l.get(key) ?? null);
    const one = was ?? did;
    if (one === null || one.kind === 'column' || sameOwned(was, did)) continue;
    if (was === null) {
      if (is !== null) made.push(is);
      continue;
    }
    const mayBeGone = !sides.c.has(key) && !sides.l.has(key);
    units.push({ ...planOne(database, key, [was, did, is], tables, schemas), mayBeGone });
  }
  return [...units, ...planColumns(database, sides, tables, schemas), ...madeNote(database, made)];
}

function restoredSchemas({ s, c, l }: { s: Objects; c: Objects; l: Objects }): ReadonlyMap<string, Acl> {
  const schemas = [...l].filter(([, { kind }]) => kind === 'schema');
  return new Map(
    schemas.flatMap(([key, is]) => {
      const [was, did] = completed(s.get(key) ?? null, c.get(key) ?? null, is);
      return was === null || sameOwned(was, did) ? [] : [[is.name, mergeOwned(was, did, is).want] as const];
    }),
  );
}

function byKey(database: string, entries: readonly ObjectEntry[]): Objects {
  return new Map(entries.map((entry) => [objectKey(database, entry), entry]));
}

function planOne(
  database: string,
  key: string,
  [s, c, l]: readonly [ObjectEntry, ObjectEntry | null, ObjectEntry | null],
  tables: Map<string, TableOutcome>,
  schemas: SchemaOf,
): SqlUnit {
  const { alter, grantOn, rank } = wordsOf(s);
  const common = {
    key,
    section: 'catalogs' as const,
    name: `${nameOf(s)} in database ${database}`,
    database,
    rank,
    needs: [...new Set([s.owner, l?.owner ?? s.owner])]
      .map((owner) => `grant ${quoteName(owner)} to $agent`)
      .join('; '),
  };
  if (l === null) {
    const notes = { ...common, rank: ranks.note, statements: [], decision: 'not-revertible' } as const;
    if (c === null) return unit({ ...notes, note: 'dropped by the change: only a backup or a migration has it' });
    return unit({
      ...notes,
      problem: gone(common.name, 'Somebody dropped it after the change, which had changed who may use it.'),
    });
  }
  if (sameOwned(s, l)) return unit({ ...common, statements: [] });
  const merged = mergeOwned(s, c, l);
  const place = { on: `on ${grantOn} ${s.name}`, owner: merged.owner, ...(s.kind === 'schema' ? {} : schemas(s.name)) };
  const steps = aclSteps(place, merged.live, merged.want);
  if (isRelation(s.kind)) tables.set(s.name, { merged, revoked: steps.revoked });
  const owner =
    merged.newOwner === null ? [] : [statement(`alter ${alter} ${s.name} owner to ${quoteName(merged.newOwner)}`)];
  return unit({ ...common, statements: [...owner, ...steps.statements], conflicts: merged.conflicts });
}

/** They stay, with what is granted on them: nothing was there to go back to. One line, however many they are. */
function madeNote(database: string, made: readonly ObjectEntry[]): readonly SqlUnit[] {
  const names = made.map(nameOf).sort(byCodeUnit);
  if (names.length === 0) return [];
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return [
    unit({
      key: `object:${database}`,
      section: 'catalogs',
      name: `database ${database}`,
      database,
      rank: ranks.note,
      statements: [],
      needs: '',
      decision: 'not-revertible',
      note: `made by the change, and left: ${names.slice(0, mostNamed).join(', ')}${more}`,
    }),
  ];
}

const mostNamed = 10;
