/** What of a difference is drift: applications make and drop their objects, and nobody is called for that. Pure. */
import { onlyOf } from '../plan/only.ts';
import { canonicalJson } from '../snapshot/canonical.ts';
import type { DiffItem } from '../snapshot/diff-item.ts';
import { hashOf } from '../snapshot/hash.ts';
import type { Snapshot } from '../snapshot.ts';
import type { DriftItem } from './drift.ts';

export interface Sorted {
  readonly drift: readonly DiffItem[];
  /** Objects that came or went, and what belongs to them. */
  readonly schemaItems: number;
}

export function driftAmong(items: readonly DiffItem[], ignore: readonly string[]): Sorted {
  const ignored = ignore.length === 0 ? () => false : onlyOf(ignore);
  const moved = new Set(items.filter(cameOrWent).map(({ key }) => objectOf(key)));
  const ofSchema = (item: DiffItem): boolean => {
    if (cameOrWent(item)) return true;
    const table = tableOf(item.key);
    return table !== null && moved.has(table);
  };
  const asked = items.filter(({ key }) => !ignored(key));
  const drift = asked.filter((item) => !ofSchema(item));
  return { drift, schemaItems: asked.length - drift.length };
}

/** A column has an entry only with privileges of its own: that one came or went is a GRANT or a REVOKE. */
function cameOrWent({ key, kind }: DiffItem): boolean {
  return kind !== 'changed' && /^object:[^:]*:(?!column:)/.test(key);
}

/** `shop:public.images`, of `object:shop:table:public.images`. */
function objectOf(key: string): string {
  return key.replace(/^object:([^:]*):[^:]*:/, '$1:');
}

/** The table to which a column's privileges, row security or a policy belong, in the same form; null: none of these. */
function tableOf(key: string): string | null {
  if (/^object:[^:]*:column:/.test(key)) return objectOf(key).replace(/\.[^.]*$/s, '');
  const [, security, policy] = /^(?:row-security:(.*)|policy:([^:]*:[^:]*):.*)$/s.exec(key) ?? [];
  return security ?? policy ?? null;
}

/** The same for the same drift. What becomes of it counts: loaded, it is another one than on disk only. */
export function fingerprintOf(items: readonly DriftItem[], live: Snapshot): string {
  const { files, settings, roles } = live.sections;
  const contentOf = (key: string): unknown => {
    const id = key.slice(key.indexOf(':') + 1);
    if (key.startsWith('file:')) {
      const file = files.find(({ path }) => path === id);
      return file === undefined ? null : [file.digest, file.mode, file.uid, file.gid];
    }
    if (key.startsWith('setting:')) return settings.find(({ name }) => name === id)?.value ?? null;
    return key.startsWith('role:') ? (roles.find(({ name }) => name === id) ?? null) : null;
  };
  return hashOf(
    items.map(({ key, kind, summary, force }) => [key, kind, summary, force, canonicalJson(contentOf(key))]),
  );
}

/** Drifting items that are as an earlier change had left them: in them, live does not differ from its C. */
export function asLeftBy(
  items: readonly Pick<DiffItem, 'key'>[],
  differsFromC: readonly Pick<DiffItem, 'key'>[],
): readonly string[] {
  const others = new Set(differsFromC.map(({ key }) => key));
  return items.map(({ key }) => key).filter((key) => !others.has(key));
}
