/**
 * What a snapshot holds of the catalogs: who may do what, by name, never by OID. Read by SQL, put back by SQL. What all
 * databases share (roles, databases, tablespaces, parameters) stands by its bare name; what lies inside a database
 * (objects, schemas, policies, extensions) as SQL spells it, quoted where needed.
 */

/**
 * One grant in PostgreSQL's own form, `grantee=privileges/grantor`, a grantee of '' being PUBLIC, `*` a grant option, with
 * the privileges in the server's order: `app=r*w/owner`. One entry for each pair of grantee and grantor.
 */
export type AclItem = string;

export const objectKinds = [
  'schema',
  'table',
  'view',
  'materialized view',
  'foreign table',
  'sequence',
  'column',
  'routine',
  'type',
  'language',
  'foreign data wrapper',
  'foreign server',
  'large object',
] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** An object with an owner or an ACL, in one database. */
export interface ObjectEntry {
  readonly kind: ObjectKind;
  /**
   * As SQL names it, quoted where needed: `public.orders`, `public.f(integer, text)`; a column is `public.orders.id`
   * with `of` and `column` beside it; a large object is its number.
   */
  readonly name: string;
  /** Of a column: its table's name and its own, each quoted. */
  readonly of?: string;
  readonly column?: string;
  /** '' for a column, whose owner is its table's. */
  readonly owner: string;
  /** By meaning: NULL stands as its default written out (`acldefault`); sorted by code unit. */
  readonly acl: readonly AclItem[];
  /** The catalog held NULL. Said, not compared: PostgreSQL cannot put it back. */
  readonly aclIsNull: boolean;
  /** Of what the system or an extension made: the ACL it had at first, which is what it has while it has no entry here. */
  readonly initial?: readonly AclItem[];
  /** Of such an object that was given away since: whose it was at first. */
  readonly initialOwner?: string;
  /** For routines: the word that GRANT and ALTER need. */
  readonly routine?: 'function' | 'procedure' | 'aggregate';
}

/** `ALTER DEFAULT PRIVILEGES FOR ROLE role [IN SCHEMA schema]`; no entry: never changed. */
export interface DefaultAclEntry {
  readonly role: string;
  /** '' for all schemas. */
  readonly schema: string;
  readonly on: 'tables' | 'sequences' | 'routines' | 'types' | 'schemas' | 'large objects';
  readonly acl: readonly AclItem[];
}

export interface PolicyEntry {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** Sorted; '' is PUBLIC. */
  readonly roles: readonly string[];
  /** `pg_get_expr`; null: none. */
  readonly using: string | null;
  readonly check: string | null;
}

/** Tables with row security on, forced, or with policies; others have no entry. */
export interface RowSecurityEntry {
  readonly table: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  /** Sorted by name. */
  readonly policies: readonly PolicyEntry[];
}

/** Shown, not revertible: a downgrade script hardly ever exists. */
export interface ExtensionEntry {
  readonly name: string;
  readonly version: string;
  readonly schema: string;
}

/** What one database holds, read in one repeatable-read transaction. */
export interface DatabaseCatalog {
  readonly database: string;
  /** null: everything was read; else why not (no connections allowed, no privilege), and the lists are empty. */
  readonly unread: string | null;
  /** Sorted by kind and name. Objects of extensions and of the system catalogs only where their ACL is not the initial one. */
  readonly objects: readonly ObjectEntry[];
  readonly defaults: readonly DefaultAclEntry[];
  readonly rowSecurity: readonly RowSecurityEntry[];
  readonly extensions: readonly ExtensionEntry[];
}

export interface DatabaseEntry {
  readonly name: string;
  readonly owner: string;
  /** −1: none. */
  readonly connectionLimit: number;
  readonly allowConnections: boolean;
  readonly isTemplate: boolean;
  readonly tablespace: string;
  readonly acl: readonly AclItem[];
  readonly aclIsNull: boolean;
}

export interface MembershipEntry {
  readonly role: string;
  readonly member: string;
  readonly grantor: string;
  readonly admin: boolean;
  /** null before 16, where the member's own INHERIT decides. */
  readonly inherit: boolean | null;
  readonly set: boolean | null;
}

/** Shared objects with an ACL: tablespaces, and from 15 on parameters. */
export interface SharedObjectEntry {
  readonly kind: 'tablespace' | 'parameter';
  readonly name: string;
  /** Of a parameter: the bootstrap superuser. */
  readonly owner: string;
  readonly acl: readonly AclItem[];
  readonly aclIsNull: boolean;
}
