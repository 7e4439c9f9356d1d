/**
 * Whether a principal can log in, by a configuration that is known and not by asking: the server's own steps in their order,
 * from the address that it listens on to the privilege to connect. Never a guess: what is not known is `unknown`.
 */
import type { DatabaseEntry } from '../catalog.ts';
import { parseAcl } from '../revert/sql/acl.ts';
import { type Address, parseAddress, printAddress } from './address.ts';
import type { FileRule } from './file-rules.ts';
import { fitsMap } from './ident-match.ts';
import type { IdentLine } from './ident-maps.ts';
import type { MatchFacts } from './match.ts';
import { type Matcher, matcherOf } from './matcher.ts';
import type { Roles } from './roles.ts';
import type { HbaRule } from './rule.ts';

export interface Principal {
  readonly user: string;
  readonly database: string;
  /** null: over the socket. */
  readonly address: Address | null;
  readonly tls: boolean;
  /** It shows a client certificate that the server trusts; absent: not known. */
  readonly certificate?: boolean;
  /** Physical replication, which asks for no database. Default false. */
  readonly replication?: boolean;
  /** As whom the operating system knows it, over the socket; absent: not known. */
  readonly systemUser?: string;
}

/** Of a stored password: the kind, never the value. */
export type Verifier = 'none' | 'md5' | 'scram-sha-256' | 'unreadable';

export interface AccessRole {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly connectionLimit: number;
  /** Unix ms; null: no end, NaN: one that cannot be read. */
  readonly validUntil: number | null;
  readonly verifier: Verifier;
}

export interface AccessState {
  readonly versionNum: number;
  /** Of pg_hba.conf as it is on disk. */
  readonly rules: readonly FileRule[];
  /** Of pg_ident.conf as it is on disk; absent: not read. */
  readonly maps?: readonly IdentLine[];
  /** `listen_addresses`. */
  readonly listen: string;
  /** `port` and `unix_socket_directories`; absent: not known. */
  readonly port?: string;
  readonly socketFolders?: string;
  /** The setting `ssl`. */
  readonly ssl: boolean;
  readonly roles: Roles<AccessRole>;
  readonly databases: ReadonlyMap<string, DatabaseEntry>;
  readonly interfaces: MatchFacts['interfaces'];
  /** Unix ms. */
  readonly now: number;
  /** Connections for everybody but superusers and holders of reserved ones; absent: not known. */
  readonly slots?: number;
  /** Why it cannot be told who gets in after what the rules let in; null or absent: it can. */
  readonly untold?: string | null;
}

export interface Place {
  readonly file: string;
  readonly line: number;
}

export type Access =
  | { readonly kind: 'allowed'; readonly where: Place | null }
  | {
      readonly kind: 'denied';
      /** One plain sentence. */
      readonly why: string;
      /** What the client would see; null: it does not get so far. */
      readonly sqlState: string | null;
      readonly where: Place | null;
    }
  | { readonly kind: 'unknown'; readonly why: string; readonly where: Place | null };

export function simulateLogin(state: AccessState, principal: Principal): Access {
  return loginSimulator(state)(principal);
}

/** For many principals: what they have in common is looked up once. */
export function loginSimulator(state: AccessState): (principal: Principal) => Access {
  const listens = listeners(state);
  const rules = ruling(state);
  const enters = entrance(state);
  const untold = state.untold ?? null;
  return (principal) => {
    const access = placed(
      listens(principal) ?? rules(principal, (rule) => authenticate(state, principal, rule) ?? enters(principal, rule)),
    );
    if (access.kind === 'denied' || untold === null) return access;
    return { kind: 'unknown', why: untold, where: access.where };
  };
}

/** Answers travel: of the rule that decides its place alone, for its options may be secrets. */
function placed(access: Access): Access {
  if (access.where === null) return access;
  const { file, line } = access.where;
  return { ...access, where: { file, line } };
}

const denied = (sqlState: string | null, why: string, where: Place | null = null): Access => ({
  kind: 'denied',
  why,
  sqlState,
  where,
});

/** null: the server is reached. */
export function listeners({ listen, ssl }: AccessState): (principal: Principal) => Access | null {
  const names = listen.split(',').map((name) => name.trim().replaceAll('"', ''));
  const places = names.map((name) => ({ name, at: parseAddress(name) }));
  return ({ address, tls }) => {
    if (address === null) return null;
    if (names.every((name) => name === ''))
      return denied(null, 'the server listens on no address (listen_addresses is empty)');
    const fits = places.map((place) => listensFor(place, address));
    if (fits.every((fit) => fit === false))
      return denied(null, `the server listens on ${listen}, where nobody comes from ${printAddress(address)}`);
    if (!fits.includes(true))
      return { kind: 'unknown', why: `what ${listen} is only the server can tell`, where: null };
    if (tls && !ssl) return denied(null, 'the server offers no TLS (ssl is off)');
    return null;
  };
}

interface ListeningPlace {
  readonly name: string;
  /** null: it is no number. */
  readonly at: Address | null;
}

/** From this machine one comes to a loopback address, from elsewhere to any other of the same family. */
function listensFor({ name, at: address }: ListeningPlace, from: Address): boolean | null {
  if (name === '*') return true;
  if (name === 'localhost') return isLoopback(from);
  if (address === null) return null;
  if (address.family !== from.family) return false;
  return address.bytes.every((byte) => byte === 0) || isLoopback(address) === isLoopback(from);
}

export function isLoopback({ family, bytes }: Address): boolean {
  return family === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

export function matchFactsOf({ versionNum, roles, interfaces }: AccessState): MatchFacts {
  return { versionNum, roleExists: (name) => roles.get(name) !== undefined, isMember: roles.isMember, interfaces };
}

type Then = (rule: HbaRule) => Access;

function ruling(state: AccessState): (principal: Principal, then: Then) => Access {
  const broken = state.rules.find(({ rule }) => rule === null);
  if (broken !== undefined || state.rules.length === 0) {
    const { line, error } = broken ?? { line: null, error: 'it holds no rule' };
    const why = `pg_hba.conf does not load (${error ?? 'a line is wrong'}): a running server keeps its old rules, and none starts`;
    return () => ({ kind: 'unknown', why, where: line });
  }
  const rules = state.rules.flatMap(({ rule }) => rule ?? []);
  const matcher = matcherOf(rules, matchFactsOf(state));
  return (principal, then) => byMatch(matcher, principal, then);
}

function byMatch(
  matcher: Matcher,
  { user, database, address, tls, replication = false }: Principal,
  then: Then,
): Access {
  const match = matcher({ user, database, address, encryption: tls ? 'tls' : 'none', replication });
  switch (match.kind) {
    case 'none': {
      const from = address === null ? 'the socket' : printAddress(address);
      return denied(
        '28000',
        `no rule of pg_hba.conf is for user ${user}, ${replication ? 'replication' : `database ${database}`}, from ${from}${tls ? ' with TLS' : ''}`,
      );
    }
    case 'unknown':
      return { kind: 'unknown', why: match.why, where: match.rule };
    case 'rule':
      return then(match.rule);
    default:
      return match satisfies never;
  }
}

/** null: authenticated. The client is taken to know its own password. */
function authenticate(state: AccessState, principal: Principal, rule: HbaRule): Access | null {
  const { roles, now } = state;
  const { user, certificate } = principal;
  const { method } = rule;
  const where: Place = rule;
  const unknown = (why: string): Access => ({ kind: 'unknown', why, where });
  if (method === 'reject') return denied('28000', 'the rule rejects', where);
  if (rule.options['clientcert'] !== undefined && certificate !== true) {
    if (certificate === false) return denied('28000', 'the rule asks for a client certificate', where);
    const { clientcert: _, ...options } = rule.options;
    const access = authenticate(state, principal, { ...rule, options });
    return access?.kind === 'denied' ? access : unknown(`whether ${user} shows a client certificate is not known`);
  }
  switch (method) {
    case 'trust':
      return null;
    case 'password':
    case 'md5':
    case 'scram-sha-256': {
      const role = roles.get(user);
      if (role === undefined) return denied('28P01', `there is no role ${user}`, where);
      if (role.verifier === 'unreadable') return unknown(`whether ${user} has a password the agent may not see`);
      if (role.verifier === 'none') return denied('28P01', `role ${user} has no password`, where);
      if (Number.isNaN(role.validUntil)) return unknown(`until when the password of ${user} is valid is not known`);
      if (role.validUntil !== null && role.validUntil < now)
        return denied('28P01', `the password of ${user} has expired`, where);
      if (method === 'scram-sha-256' && role.verifier === 'md5')
        return denied('28P01', `the password of ${user} is stored for md5, and the rule asks for scram-sha-256`, where);
      return null;
    }
    case 'peer':
      return byPeer(state, principal, rule);
    case 'ident':
      return unknown(`as whom the operating system knows ${user} is not known (${method})`);
    case 'cert':
      return unknown(`what name the certificate of ${user} bears is not known`);
    case 'gss':
    case 'sspi':
    case 'pam':
    case 'bsd':
    case 'ldap':
    case 'radius':
    case 'oauth':
      return unknown(`whether ${user} is let in is for ${method} to say`);
    default:
      return method satisfies never;
  }
}

/** null: the operating system's word for the client is good enough. */
function byPeer(state: AccessState, { user, systemUser }: Principal, rule: HbaRule): Access | null {
  const unknown = (why: string): Access => ({ kind: 'unknown', why, where: rule });
  if (systemUser === undefined) return unknown(`as whom the operating system knows ${user} is not known (peer)`);
  const map = rule.options['map'] ?? null;
  if (map !== null && state.maps === undefined) return unknown(`what map ${map} says is not known`);
  const maps = state.maps ?? [];
  const broken = maps.find((line) => line.map === null);
  if (map !== null && broken !== undefined)
    return unknown(`pg_ident.conf does not load (${broken.error}): a running server keeps its old maps`);
  const lines = maps.flatMap((line) => line.map ?? []);
  const fits = fitsMap(lines, { map, systemUser, user }, matchFactsOf(state));
  if (typeof fits === 'string') return unknown(fits);
  if (fits) return null;
  const why = map === null ? 'is somebody else' : `is not ${user} by map ${map}`;
  return denied('28000', `the system user ${systemUser} ${why}`, rule);
}

/** What is asked once the client is who it says: role, database, limits, CONNECT. */
function entrance({ roles, databases, versionNum }: AccessState): (principal: Principal, where: Place) => Access {
  const connectors = new Map<string, readonly string[]>();
  function mayConnect(user: string, { name, acl, owner }: DatabaseEntry): boolean {
    const known = connectors.get(name) ?? granteesOf(acl, 'c');
    connectors.set(name, known);
    return known.some((grantee) => {
      if (grantee === '') return true;
      if (grantee !== 'pg_database_owner') return roles.hasPrivilegesOf(user, grantee);
      const passesOn = versionNum >= 160000 || roles.get(owner)?.inherit !== false;
      return passesOn && roles.hasPrivilegesOf(user, owner);
    });
  }
  return ({ user, database: name, replication = false }, where) => {
    const role = roles.get(user);
    if (role === undefined) return denied('28000', `there is no role ${user}`, where);
    if (!role.login) return denied('28000', `role ${user} is not permitted to log in`, where);
    const { superuser } = role;
    if (role.connectionLimit === 0 && !superuser)
      return denied('53300', `role ${user} has a connection limit of 0`, where);
    if (replication)
      return superuser || role.replication
        ? { kind: 'allowed', where }
        : denied('42501', `role ${user} may not start replication`, where);
    const database = databases.get(name);
    if (database === undefined) return denied('3D000', `there is no database ${name}`, where);
    if (!database.allowConnections) return denied('55000', `database ${name} does not accept connections`, where);
    if (!superuser && !mayConnect(user, database))
      return denied('42501', `${user} has no CONNECT privilege on database ${name}`, where);
    if (database.connectionLimit === 0 && !superuser)
      return denied('53300', `database ${name} has a connection limit of 0`, where);
    return { kind: 'allowed', where };
  };
}

function granteesOf(acl: DatabaseEntry['acl'], privilege: string): readonly string[] {
  return [...parseAcl(acl).values()].flatMap((grant) => (grant.privilege === privilege ? [grant.grantee] : []));
}
