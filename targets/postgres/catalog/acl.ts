/** ACLs as the server prints them (`{app=r/owner,=U/owner}`), made comparable: unpacked, and sorted by code unit. */
import type { AclItem } from '../../../domain/catalog.ts';
import { byCodeUnit } from '../../../domain/snapshot/canonical.ts';

export type ParseAcl = (text: string) => readonly AclItem[];

/** Ten thousand tables have a few hundred different ACLs: equal ones are parsed once, and are one array. */
export function aclParser(): ParseAcl {
  const known = new Map<string, readonly AclItem[]>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const parsed = [...arrayOf(text)].sort(byCodeUnit);
    known.set(text, parsed);
    return parsed;
  };
}

/** An array of one dimension in PostgreSQL's own text form; an ACL holds no NULL. */
export function arrayOf(text: string): readonly string[] {
  const inner = text.slice(1, -1);
  if (inner === '') return [];
  if (!/["\\]/.test(inner)) return inner.split(',');
  return [...inner.matchAll(/"((?:[^"\\]|\\[^])*)"|([^,]+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '') : quoted.replace(/\\([^])/g, '$1'),
  );
}
