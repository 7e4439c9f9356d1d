/** Tablespaces and parameters, which all databases share. */
import type { SharedObjectEntry } from '../../catalog.ts';
import { byCodeUnit } from '../../snapshot/canonical.ts';
import { sharedKey } from '../../snapshot/keys.ts';
import { aclSteps } from './acl-statements.ts';
import { type Owned, mergeOwned, sameOwned } from './owned.ts';
import { quoteName, quoteSetting } from './quote.ts';
import { type SqlUnit, gone, ranks, statement, unit } from './unit.ts';

export function planShared(
  s: readonly SharedObjectEntry[],
  c: readonly SharedObjectEntry[],
  l: readonly SharedObjectEntry[],
): readonly SqlUnit[] {
  const [was, did, is] = [byKey(s), byKey(c), byKey(l)];
  return [...new Set([...was.keys(), ...did.keys()])].sort(byCodeUnit).flatMap((key) => {
    const sides = [was.get(key) ?? null, did.get(key) ?? null, is.get(key) ?? null] as const;
    const one = sides[0] ?? sides[1];
    if (one === null) return [];
    return one.kind === 'parameter' ? planParameter(one, sides) : planTablespace(one, sides);
  });
}

type Sides = readonly [SharedObjectEntry | null, SharedObjectEntry | null, SharedObjectEntry | null];

function byKey(entries: readonly SharedObjectEntry[]): ReadonlyMap<string, SharedObjectEntry> {
  return new Map(entries.map((entry) => [sharedKey(entry), entry]));
}

function planTablespace(one: SharedObjectEntry, [s, c, l]: Sides): readonly SqlUnit[] {
  const name = quoteName(one.name);
  const common = {
    key: sharedKey(one),
    section: 'shared' as const,
    name: `tablespace ${one.name}`,
    database: null,
    rank: ranks.tablespace,
    needs: `grant ${quoteName(one.owner)} to $agent`,
  };
  const notes = { ...common, rank: ranks.note, statements: [], decision: 'not-revertible' } as const;
  if (s === null) return l === null ? [] : [unit({ ...notes, note: 'made by the change: it stays' })];
  if (sameOwned(s, c)) return [];
  if (l === null && c === null) return [unit({ ...notes, note: 'dropped by the change: it stays away' })];
  if (l === null) return [unit({ ...notes, problem: gone(common.name, 'Somebody dropped it after the change.') })];
  const owned = mergeOwned(s, c, l);
  return [
    unit({
      ...common,
      statements: [
        ...(owned.newOwner === null
          ? []
          : [statement(`alter tablespace ${name} owner to ${quoteName(owned.newOwner)}`)]),
        ...aclSteps({ on: `on tablespace ${name}`, owner: owned.owner }, owned.live, owned.want).statements,
      ],
      conflicts: owned.conflicts,
    }),
  ];
}

/** It is the bootstrap superuser's, who alone has privileges on it while it has no entry. */
function planParameter(one: SharedObjectEntry, sides: Sides): readonly SqlUnit[] {
  const { owner } = one;
  const quoted = quoteName(owner);
  const none: Owned = { owner, acl: [`${quoted}=sA/${quoted}`] };
  const [s, c, l] = [sides[0] ?? none, sides[1] ?? none, sides[2] ?? none] as const;
  if (sameOwned(s, c)) return [];
  const merged = mergeOwned(s, c, l);
  return [
    unit({
      key: sharedKey(one),
      section: 'shared',
      name: `parameter ${one.name}`,
      database: null,
      rank: ranks.parameter,
      statements: aclSteps({ on: `on parameter ${quoteSetting(one.name)}`, owner }, merged.live, merged.want)
        .statements,
      conflicts: merged.conflicts,
      needs: 'alter role $agent superuser',
    }),
  ];
}
