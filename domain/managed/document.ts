/** What the owner of a managed target declares: a tree of JSON, compared and changed key by key. Pure. */
import { canonicalJson } from '../snapshot/canonical.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Document = { readonly [key: string]: Json };
export type Path = readonly string[];

/** Of one key. null is "not there", as it is for Patroni's PATCH. */
export interface Edit {
  readonly path: Path;
  /** As it was when the edit was planned. */
  readonly from: Json;
  readonly to: Json;
}

export function isTree(value: Json | undefined): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of lines, such as the rules of pg_hba.conf. */
export function isLines(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string' && !line.includes('\n'));
}

/** null: not there. */
export function valueAt(document: Document, path: Path): Json {
  return path.reduce<Json>(
    (value, key) => (isTree(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null),
    document,
  );
}

/** `100` and `'100'` say the same, and an owner may answer with either. */
export function sameValue(a: Json, b: Json): boolean {
  const isPlain = (value: Json): value is number | string => typeof value === 'number' || typeof value === 'string';
  if (isPlain(a) && isPlain(b)) return String(a) === String(b);
  if (isTree(a) && isTree(b)) return keysOf(a, b).every((key) => sameValue(a[key] ?? null, b[key] ?? null));
  return canonicalJson(a) === canonicalJson(b);
}

/** The keys of all of them, sorted. */
export function keysOf(...trees: readonly Document[]): readonly string[] {
  return [...new Set(trees.flatMap((tree) => Object.keys(tree)))].sort();
}

/** As a tree that holds nothing else: what a merging PATCH takes. */
export function patchOf(edits: readonly Pick<Edit, 'path' | 'to'>[]): Document {
  const patch: { [key: string]: Json } = {};
  for (const { path, to } of edits) {
    let at = patch;
    for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as { [key: string]: Json };
    at[path.at(-1) ?? ''] = to;
  }
  return patch;
}

/** The document as it would be. */
export function edited(document: Document, edits: readonly Pick<Edit, 'path' | 'to'>[]): Document {
  return edits.reduce<Document>((tree, { path, to }) => set(tree, path, to), document);
}

function set(tree: Document, [key = '', ...rest]: Path, to: Json): Document {
  const { [key]: was, ...others } = tree;
  if (rest.length > 0) return { ...others, [key]: set(isTree(was) ? was : {}, rest, to) };
  return to === null ? others : { ...others, [key]: to };
}

/** Edits that the document does not have yet, or no longer. */
export function missingFrom(document: Document, edits: readonly Pick<Edit, 'path' | 'to'>[]): readonly Path[] {
  return edits.filter(({ path, to }) => !sameValue(valueAt(document, path), to)).map(({ path }) => path);
}

export function pathText(path: Path): string {
  return path.join('.');
}

/** One line a key, sorted, for people and for hashes; `without`: subtrees that are shown elsewhere. */
export function documentText(document: Document, without: readonly Path[] = []): string {
  const lines: string[] = [];
  const visit = (value: Json, path: Path): void => {
    if (without.some((left) => left.length === path.length && left.every((key, at) => key === path[at]))) return;
    if (isTree(value) && (Object.keys(value).length > 0 || path.length === 0))
      for (const key of keysOf(value)) visit(value[key] ?? null, [...path, key]);
    else if (value !== null) lines.push(`${pathText(path)} = ${canonicalJson(value)}\n`);
  };
  visit(document, []);
  return lines.join('');
}
