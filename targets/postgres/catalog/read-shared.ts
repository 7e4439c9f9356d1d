/** What all databases share, read in the transaction that reads roles and settings. */
import type { DatabaseEntry, MembershipEntry, SharedObjectEntry } from '../../../domain/catalog.ts';
import { aclParser } from './acl.ts';
import {
  type DatabaseRow,
  type MembershipRow,
  type SharedRow,
  databaseEntries,
  membershipEntries,
  sharedEntries,
} from './rows.ts';
import { databasesQuery, membershipsQuery, sharedQuery } from './shared-queries.ts';

export interface Shared {
  readonly memberships: readonly MembershipEntry[];
  readonly databases: readonly DatabaseEntry[];
  readonly shared: readonly SharedObjectEntry[];
}

/** One value each; `sharedOf` takes them in this order. */
export function sharedQueries(versionNum: number): readonly [string, string, string] {
  return [membershipsQuery(versionNum), databasesQuery, sharedQuery(versionNum)];
}

export function sharedOf([memberships = '[]', databases = '[]', shared = '[]']: readonly string[]): Shared {
  const parse = aclParser();
  return {
    memberships: membershipEntries(JSON.parse(memberships) as MembershipRow[]),
    databases: databaseEntries(JSON.parse(databases) as DatabaseRow[], parse),
    shared: sharedEntries(JSON.parse(shared) as SharedRow[], parse),
  };
}
