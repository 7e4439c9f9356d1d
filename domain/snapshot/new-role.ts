/** A role as CREATE ROLE makes it: what is not said of one is as here. */
import type { RoleEntry } from '../snapshot.ts';

export function newRole(name: string, more: Partial<RoleEntry> = {}): RoleEntry {
  return {
    name,
    superuser: false,
    inherit: true,
    createRole: false,
    createDb: false,
    login: false,
    replication: false,
    bypassRls: false,
    connectionLimit: -1,
    validUntil: null,
    verifier: null,
    settings: {},
    ...more,
  };
}
