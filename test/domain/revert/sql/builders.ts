/** Sections for case tables: nothing but what a case says. */
import type { DatabaseCatalog, DatabaseEntry, MembershipEntry, ObjectEntry } from '../../../../domain/catalog.ts';
import { type SqlSections, planRevertSql } from '../../../../domain/revert/sql/plan.ts';
import type { SqlUnit } from '../../../../domain/revert/sql/unit.ts';
import type { RoleEntry } from '../../../../domain/snapshot.ts';
import { newRole } from '../../../../domain/snapshot/new-role.ts';

export function sections(bend: Partial<SqlSections> & { versionNum?: number } = {}): SqlSections {
  const { versionNum = 170000, ...rest } = bend;
  return {
    server: { version: '', versionNum, systemIdentifier: '1', dataDirectory: '/data', inRecovery: false },
    roles: [],
    memberships: [],
    databases: [],
    shared: [],
    catalogs: [],
    ...rest,
  };
}

export function role(name: string, bend: Partial<RoleEntry> = {}): RoleEntry {
  return newRole(name, { login: true, ...bend });
}

/** `staff>app/postgres*`: app is a member of staff, granted by postgres, with the admin option. */
export function membership(text: string, bend: Partial<MembershipEntry> = {}): MembershipEntry {
  const [, granted = '', member = '', grantor = '', admin] = /^(\w+)>(\w+)\/(\w+)(\*?)$/.exec(text) ?? [];
  return { role: granted, member, grantor, admin: admin === '*', inherit: true, set: true, ...bend };
}

export function database(name: string, bend: Partial<DatabaseEntry> = {}): DatabaseEntry {
  return {
    name,
    owner: 'owner',
    connectionLimit: -1,
    allowConnections: true,
    isTemplate: false,
    tablespace: 'pg_default',
    acl: [],
    aclIsNull: false,
    ...bend,
  };
}

export function catalog(bend: Partial<DatabaseCatalog> = {}): DatabaseCatalog {
  return { database: 'shop', unread: null, objects: [], defaults: [], rowSecurity: [], extensions: [], ...bend };
}

export function table(name: string, acl: readonly string[], bend: Partial<ObjectEntry> = {}): ObjectEntry {
  return { kind: 'table', name, owner: 'owner', acl: ['owner=arwdDxt/owner', ...acl], aclIsNull: false, ...bend };
}

export function column(of: string, name: string, acl: readonly string[]): ObjectEntry {
  return { kind: 'column', name: `${of}.${name}`, of, column: name, owner: '', acl, aclIsNull: false };
}

/** The same change to all of shop's catalog. */
export function inShop(objects: readonly ObjectEntry[], bend: Partial<DatabaseCatalog> = {}): SqlSections {
  return sections({ databases: [database('shop')], catalogs: [catalog({ objects, ...bend })] });
}

export function planned(s: SqlSections, c: SqlSections | null, l: SqlSections): readonly SqlUnit[] {
  return planRevertSql({ before: s, change: c, live: l, secretOf: (fingerprint) => secrets[fingerprint] ?? null });
}

export const secrets: Readonly<Record<string, string>> = {
  'hmac:0a': 'SCRAM-SHA-256$4096:old',
  'hmac:0b': 'SCRAM-SHA-256$4096:new',
};

export function sqlOf(units: readonly SqlUnit[]): readonly string[] {
  return units.flatMap(({ statements }) => statements.map(({ sql }) => sql));
}
