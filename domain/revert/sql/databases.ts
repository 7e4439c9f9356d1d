/** Databases: owner, limits, flags and access list. One that is gone cannot be had again by configuration. */
import type { DatabaseEntry } from '../../catalog.ts';
import { pairs } from '../../snapshot/diff.ts';
import { databaseKey } from '../../snapshot/keys.ts';
import { aclSteps } from './acl-statements.ts';
import { mergeOwned, sameOwned } from './owned.ts';
import { quoteName } from './quote.ts';
import { wayOf } from './three-way.ts';
import { type SqlUnit, gone, ranks, statement, unit } from './unit.ts';

const options = {
  connectionLimit: (limit: number) => `connection limit ${limit}`,
  allowConnections: (on: boolean) => `allow_connections ${on}`,
  isTemplate: (on: boolean) => `is_template ${on}`,
} as const;
type Option = keyof typeof options;
const optionNames = Object.keys(options) as readonly Option[];

export function planDatabases(
  s: readonly DatabaseEntry[],
  c: readonly DatabaseEntry[],
  l: readonly DatabaseEntry[],
): readonly SqlUnit[] {
  const live = new Map(l.map((entry) => [entry.name, entry]));
  return pairs(s, c, 'name').flatMap(({ id, from, to }) => {
    const is = live.get(id) ?? null;
    if (from === null) return is === null ? [] : [note(is, 'made by the change: it stays')];
    if (to !== null && sameDatabase(from, to)) return [];
    if (is === null)
      return [unit({ ...common(from), statements: [], decision: 'not-revertible', problem: dropped(from) })];
    return [planOne(from, to, is)];
  });
}

function sameDatabase(a: DatabaseEntry, b: DatabaseEntry): boolean {
  return optionNames.every((name) => a[name] === b[name]) && a.tablespace === b.tablespace && sameOwned(a, b);
}

const common = (entry: DatabaseEntry) => ({
  key: databaseKey(entry),
  section: 'databases' as const,
  name: `database ${entry.name}`,
  database: null,
  rank: ranks.database,
  needs: `grant ${quoteName(entry.owner)} to $agent`,
});

function note(entry: DatabaseEntry, text: string): SqlUnit {
  return unit({ ...common(entry), rank: ranks.note, statements: [], decision: 'not-revertible', note: text });
}

function dropped({ name }: DatabaseEntry) {
  return gone(`database ${name}`, 'It was dropped, and its content is no configuration: only a backup has it.');
}

function planOne(s: DatabaseEntry, c: DatabaseEntry | null, l: DatabaseEntry): SqlUnit {
  const name = quoteName(s.name);
  const conflicts: string[] = [];
  const clauses = optionNames.flatMap((option) => {
    const way = wayOf<number | boolean | undefined>(s[option], c?.[option], l[option]);
    if (way === 'conflict') conflicts.push(`somebody else made it ${clause(l, option)} since`);
    return way === 'restore' || way === 'conflict' ? [clause(s, option)] : [];
  });
  const owned = mergeOwned(s, c, l);
  const place = { on: `on database ${name}`, owner: owned.owner };
  const moved = wayOf<string | undefined>(s.tablespace, c?.tablespace, l.tablespace);
  return unit({
    ...common(s),
    effect: 'reconnect',
    statements: [
      ...(clauses.length === 0 ? [] : [statement(`alter database ${name} with ${clauses.join(' ')}`)]),
      ...(owned.newOwner === null ? [] : [statement(`alter database ${name} owner to ${quoteName(owned.newOwner)}`)]),
      ...aclSteps(place, owned.live, owned.want).statements,
    ],
    conflicts: [...conflicts, ...owned.conflicts],
    ...(moved === 'restore' || moved === 'conflict'
      ? {
          note: `its files stay in tablespace ${l.tablespace}, they were in ${s.tablespace}: moving them back is a copy of all data`,
        }
      : {}),
  });
}

function clause(entry: DatabaseEntry, option: Option): string {
  const word = options[option] as (value: number | boolean) => string;
  return word(entry[option]);
}
