/** The snapshot document: a target's configuration at one moment, canonical, content-addressed, redacted. */

import type { DatabaseCatalog, DatabaseEntry, MembershipEntry, SharedObjectEntry } from './catalog.ts';

export interface ServerSection {
  /** `server_version`, for example `17.10`. */
  readonly version: string;
  readonly versionNum: number;
  /** Decimal text, as `pg_control_system()` gives it. */
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
  readonly inRecovery: boolean;
}

/** `declared`: what the owner of a managed target declares beside settings and rules. `tls`: certificates, CAs, CRLs, DH parameters; `secret`: private keys and keytabs, never shown, digest always keyed. */
export type FileRole =
  | 'main'
  | 'auto'
  | 'include'
  | 'hba'
  | 'ident'
  | 'auth-list'
  | 'tls'
  | 'secret'
  | 'debian'
  | 'declared'
  | 'missing-include';

export interface FileEntry {
  /** Absolute path as PostgreSQL names it. */
  readonly path: string;
  readonly role: FileRole;
  readonly sizeBytes: number;
  /** Permission bits, octal text such as `0600`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** `sha256:<hex>`, or `hmac:<hex>` with the agent's key when the file holds a secret. */
  readonly digest: string;
  /** The text with secrets replaced by fingerprints; null when it is not UTF-8 text, and for a `secret` file. */
  readonly text: string | null;
}

export interface SettingEntry {
  readonly name: string;
  /** What a new session without role or database settings gets; a fingerprint for secret settings. */
  readonly value: string;
  readonly unit: string | null;
  /** `pg_settings.context`. */
  readonly context: string;
  /** `pg_settings.source`; `default` means unset. */
  readonly source: string;
  readonly sourceFile: string | null;
  readonly sourceLine: number | null;
  readonly pendingRestart: boolean;
}

export interface RoleEntry {
  /** '' holds what `pg_db_role_setting` says for all roles (ALTER DATABASE … SET, ALTER ROLE ALL SET). */
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  /** `2027-01-31T12:00:00.000000Z`; null: no end. */
  readonly validUntil: string | null;
  /** Keyed fingerprint; null: no password. `unreadable` without the privilege. */
  readonly verifier: string | null;
  /** `pg_db_role_setting`: database name ('' for all) → `name=value` in order, secrets fingerprinted. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
}

export interface Sections {
  readonly server: ServerSection;
  /** Sorted by path. */
  readonly files: readonly FileEntry[];
  /** Sorted by name. */
  readonly settings: readonly SettingEntry[];
  /** Sorted by name, `pg_*` left out. */
  readonly roles: readonly RoleEntry[];
  /** Sorted by role, member, grantor. */
  readonly memberships: readonly MembershipEntry[];
  /** Sorted by name. */
  readonly databases: readonly DatabaseEntry[];
  /** Tablespaces and parameters, sorted by kind and name. */
  readonly shared: readonly SharedObjectEntry[];
  /** One a database, sorted by name: privileges, default privileges, row security, extensions. */
  readonly catalogs: readonly DatabaseCatalog[];
}

export interface Snapshot {
  /** sha256 (hex) over the section hashes. */
  readonly id: string;
  readonly hashes: { readonly [section in keyof Sections]: string };
  readonly sections: Sections;
}
