/** The keys of everything that SQL puts back, for who names some of it. */
import type { Sections } from '../snapshot.ts';
import { databaseKey, defaultKey, membershipKey, objectKey, policyKey, rowSecurityKey, sharedKey } from './keys.ts';

export function catalogKeysOf({ roles, memberships, databases, shared, catalogs }: Sections): readonly string[] {
  return [
    ...roles.map(({ name }) => `role:${name}`),
    ...memberships.map(membershipKey),
    ...databases.map(databaseKey),
    ...shared.map(sharedKey),
    ...catalogs.flatMap(({ database, objects, defaults, rowSecurity }) => [
      ...objects.map((object) => objectKey(database, object)),
      ...defaults.map((entry) => defaultKey(database, entry)),
      ...rowSecurity.flatMap((entry) => [
        rowSecurityKey(database, entry),
        ...entry.policies.map((policy) => policyKey(database, entry.table, policy)),
      ]),
    ]),
  ];
}
