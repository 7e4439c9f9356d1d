/** Content addresses: sha256 over canonical JSON. A snapshot's id is the hash over its section hashes. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { byCodeUnit, canonicalJson } from './canonical.ts';
import type { Sections, Snapshot } from '../snapshot.ts';

export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));
}

export function hashOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/** Sorts what has to be sorted, so that the order of reading never shows in the id. */
export function snapshotOf(sections: Sections): Snapshot {
  const sorted: Sections = {
    server: sections.server,
    files: [...sections.files].sort((a, b) => byCodeUnit(a.path, b.path)),
    settings: [...sections.settings].sort((a, b) => byCodeUnit(a.name, b.name)),
    roles: [...sections.roles].sort((a, b) => byCodeUnit(a.name, b.name)),
    memberships: sections.memberships,
    databases: sections.databases,
    shared: sections.shared,
    catalogs: sections.catalogs,
  };
  const hashes = {
    server: hashOf(sorted.server),
    files: hashOf(sorted.files),
    settings: hashOf(sorted.settings),
    roles: hashOf(sorted.roles),
    memberships: hashOf(sorted.memberships),
    databases: hashOf(sorted.databases),
    shared: hashOf(sorted.shared),
    catalogs: hashOf(sorted.catalogs),
  };
  return { id: hashOf(hashes), hashes, sections: sorted };
}
