/** A rule of pg_hba.conf as the server understands it. */
import type { HbaToken } from '../hba/tokens.ts';
import type { Address } from './address.ts';

export const connectionTypes = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'] as const;
export type ConnectionType = (typeof connectionTypes)[number];

export const authMethods = [
  'trust',
  'reject',
  'md5',
  'password',
  'scram-sha-256',
  'gss',
  'sspi',
  'ident',
  'peer',
  'pam',
  'bsd',
  'ldap',
  'radius',
  'cert',
  'oauth',
] as const;
export type AuthMethod = (typeof authMethods)[number];

/** Whom a rule is for, by where they come from. */
export type RuleAddress =
  | { readonly kind: 'all' | 'samehost' | 'samenet' }
  /** Only the server's own resolver can tell who that is. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'net'; readonly address: Address; readonly mask: Address };

export interface HbaRule {
  readonly file: string;
  readonly line: number;
  readonly type: ConnectionType;
  readonly databases: readonly HbaToken[];
  readonly users: readonly HbaToken[];
  /** null: `local`. */
  readonly address: RuleAddress | null;
  readonly method: AuthMethod;
  /** As given, the last of a name wins; what the server adds by itself included (`clientcert` of `cert`). */
  readonly options: Readonly<Record<string, string>>;
}

/** What of the server decides whether a rule loads. */
export interface AuthBuild {
  readonly versionNum: number;
  /** The setting `ssl`. */
  readonly ssl: boolean;
  /** Methods that the server was not built with, such as `gss`, `ldap`, `pam`. `sspi` and `bsd` belong to other systems. */
  readonly without: readonly AuthMethod[];
  /** Before 17. */
  readonly dbUserNamespace: boolean;
  /** 18: the setting `oauth_validator_libraries`, as a list. */
  readonly oauthValidators: readonly string[];
}
