/** What differs in row security: the two flags of a table, and each of its policies. */
import type { PolicyEntry, RowSecurityEntry } from '../catalog.ts';
import { byCodeUnit, canonicalJson } from './canonical.ts';
import { type DiffItem, fromTo, item } from './diff-item.ts';
import { differences } from './diff-shared.ts';
import { policyKey, rowSecurityKey } from './keys.ts';
import { mergeSorted } from './merge-sorted.ts';

export function diffRowSecurity(
  database: string,
  before: readonly RowSecurityEntry[],
  after: readonly RowSecurityEntry[],
): readonly DiffItem[] {
  const items: DiffItem[] = [];
  mergeSorted(
    before,
    after,
    (a, b) => byCodeUnit(a.table, b.table),
    (from, to) => {
      const table = (to ?? from)?.table ?? '';
      const [was, is] = [from ?? plain(table), to ?? plain(table)];
      const changed = [...fromTo('enabled', was.enabled, is.enabled), ...fromTo('forced', was.forced, is.forced)];
      if (changed.length > 0)
        items.push(
          item(
            'catalogs',
            rowSecurityKey(database, is),
            'changed',
            `row security of ${table} in ${database}: ${changed.join(', ')}`,
          ),
        );
      items.push(
        ...differences(
          was.policies,
          is.policies,
          (a, b) => byCodeUnit(a.name, b.name),
          (x, y, either) => policyItem(database, table, x, y, either),
        ),
      );
    },
  );
  return items;
}

/** A table that has no entry. */
function plain(table: string): RowSecurityEntry {
  return { table, enabled: false, forced: false, policies: [] };
}

function policyItem(
  database: string,
  table: string,
  from: PolicyEntry | null,
  to: PolicyEntry | null,
  either: PolicyEntry,
): DiffItem | null {
  const say = (kind: DiffItem['kind'], said: string): DiffItem =>
    item(
      'catalogs',
      policyKey(database, table, either),
      kind,
      `policy ${either.name} on ${table} in ${database}: ${said}`,
    );
  if (from === null) return say('added', `added for ${either.command} to ${roles(either)}`);
  if (to === null) return say('removed', 'removed');
  if (canonicalJson(from) === canonicalJson(to)) return null;
  return say(
    'changed',
    [
      ...fromTo('permissive', from.permissive, to.permissive),
      ...fromTo('for', from.command, to.command),
      ...fromTo('to', roles(from), roles(to)),
      ...fromTo('using', from.using, to.using),
      ...fromTo('check', from.check, to.check),
    ].join(', '),
  );
}

function roles({ roles: names }: PolicyEntry): string {
  return names.map((name) => (name === '' ? 'PUBLIC' : name)).join(', ');
}
