/** Content addresses: sha256 over canonical JSON. A snapshot's id is the hash over its section hashes. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { byCodeUnit, canonicalJson } from './canonical.ts';
import { writeCatalogs } from './canonical-catalog.ts';
import { byKindAndName, byMembership } from './catalog-order.ts';
import type { Sections, Snapshot } from '../snapshot.ts';

/** sha256, piece by piece. Outside the domain there are quicker ones than the pure one here. */
export interface Hasher {
  update(text: string): void;
  /** Once, at the end. */
  hex(): string;
}

export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));
}

export function hashOf(value: unknown, newHasher: () => Hasher = pureHasher): string {
  const hasher = newHasher();
  hasher.update(canonicalJson(value));
  return hasher.hex();
}

/** Sorts what has to be sorted, so that the order of reading never shows in the id. */
export function snapshotOf(sections: Sections, newHasher: () => Hasher = pureHasher): Snapshot {
  const sorted: Sections = {
    server: sections.server,
    files: inOrder(sections.files, (a, b) => byCodeUnit(a.path, b.path)),
    settings: inOrder(sections.settings, (a, b) => byCodeUnit(a.name, b.name)),
    roles: inOrder(sections.roles, (a, b) => byCodeUnit(a.name, b.name)),
    memberships: inOrder(sections.memberships, byMembership),
    databases: inOrder(sections.databases, (a, b) => byCodeUnit(a.name, b.name)),
    shared: inOrder(sections.shared, byKindAndName),
    catalogs: inOrder(sections.catalogs, (a, b) => byCodeUnit(a.database, b.database)).map((catalog) => ({
      ...catalog,
      objects: inOrder(catalog.objects, byKindAndName),
    })),
  };
  const hash = (value: unknown): string => hashOf(value, newHasher);
  const hashes = {
    server: hash(sorted.server),
    files: hash(sorted.files),
    settings: hash(sorted.settings),
    roles: hash(sorted.roles),
    memberships: hash(sorted.memberships),
    databases: hash(sorted.databases.map(byMeaning)),
    shared: hash(sorted.shared.map(byMeaning)),
    catalogs: catalogsHash(sorted.catalogs, newHasher()),
  };
  return { id: hash(hashes), hashes, sections: sorted };
}

function catalogsHash(catalogs: Sections['catalogs'], hasher: Hasher): string {
  writeCatalogs(catalogs, (text) => hasher.update(text));
  return hasher.hex();
}

/** Whether an ACL was NULL is no difference: see `canonical-catalog.ts`. */
function byMeaning<T extends { readonly aclIsNull: boolean }>(entry: T): object {
  return { ...entry, aclIsNull: undefined };
}

/** Most come sorted: a look through them costs less than a copy. */
function inOrder<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  const sorted = items.every((item, i) => i === 0 || compare(items[i - 1] as T, item) <= 0);
  return sorted ? items : items.toSorted(compare);
}

function pureHasher(): Hasher {
  const hash = sha256.create();
  return {
    update: (text) => void hash.update(utf8ToBytes(text)),
    hex: () => bytesToHex(hash.digest()),
  };
}
