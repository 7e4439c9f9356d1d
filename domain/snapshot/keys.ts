/** How diffs, plans and reverts name one item of the catalogs. */
import type {
  DatabaseEntry,
  DefaultAclEntry,
  ExtensionEntry,
  MembershipEntry,
  ObjectEntry,
  PolicyEntry,
  RowSecurityEntry,
  SharedObjectEntry,
} from '../catalog.ts';

export const membershipKey = ({
  role,
  member,
  grantor,
}: Pick<MembershipEntry, 'role' | 'member' | 'grantor'>): string => `membership:${role}/${member}/${grantor}`;

export const databaseKey = ({ name }: Pick<DatabaseEntry, 'name'>): string => `database:${name}`;

export const sharedKey = ({ kind, name }: Pick<SharedObjectEntry, 'kind' | 'name'>): string => `shared:${kind} ${name}`;

/** Stands for the whole content of a database that one of two snapshots could not read. */
export const catalogKey = (database: string): string => `catalog:${database}`;

export const objectKey = (database: string, { kind, name }: Pick<ObjectEntry, 'kind' | 'name'>): string =>
  `object:${database}:${kind}:${name}`;

export const defaultKey = (
  database: string,
  { role, schema, on }: Pick<DefaultAclEntry, 'role' | 'schema' | 'on'>,
): string => `default:${database}:${role}:${schema}:${on}`;

export const policyKey = (database: string, table: string, { name }: Pick<PolicyEntry, 'name'>): string =>
  `policy:${database}:${table}:${name}`;

export const rowSecurityKey = (database: string, { table }: Pick<RowSecurityEntry, 'table'>): string =>
  `row-security:${database}:${table}`;

export const extensionKey = (database: string, { name }: Pick<ExtensionEntry, 'name'>): string =>
  `extension:${database}:${name}`;
