/** Which rule decides about a connection: the first that fits, or none; in the server's order (`check_hba`). */
import { isKeyword } from './parse-rule.ts';
import { type Address, printAddress as printed } from './address.ts';
import { type CompiledRegex, compileRegex } from './regex.ts';
import type { ConnectionType, HbaRule, RuleAddress } from './rule.ts';
import type { HbaToken } from '../hba/tokens.ts';

export interface Connecting {
  readonly user: string;
  readonly database: string;
  /** null: over the socket. */
  readonly address: Address | null;
  readonly encryption: 'none' | 'tls' | 'gss';
  /** Physical replication, which asks for no database. */
  readonly replication: boolean;
}

/** What the rules ask of the server and its host. */
export interface MatchFacts {
  readonly versionNum: number;
  roleExists(name: string): boolean;
  /** Directly or through others, whatever the options of the membership; a superuser is member of nothing by that alone. */
  isMember(member: string, role: string): boolean;
  /** Addresses and masks of the host's interfaces; null: not known. */
  readonly interfaces: readonly { readonly address: Address; readonly mask: Address }[] | null;
}

export type Match =
  | { readonly kind: 'rule'; readonly rule: HbaRule }
  /** No rule fits: the server rejects. */
  | { readonly kind: 'none' }
  /** Whether this rule fits only the server can tell, and what comes after it depends on that. */
  | { readonly kind: 'unknown'; readonly rule: HbaRule; readonly why: string };

/** Fits, does not, or why nobody but the server knows. */
export type Fits = boolean | string;

export function firstMatch(rules: readonly HbaRule[], connecting: Connecting, facts: MatchFacts): Match {
  for (const rule of rules) {
    const fits = fitsRule(rule, connecting, facts);
    if (fits === true) return { kind: 'rule', rule };
    if (fits !== false) return { kind: 'unknown', rule, why: fits };
  }
  return { kind: 'none' };
}

/** What is certainly not so decides, whatever else is unknown. */
export function fitsRule(rule: HbaRule, connecting: Connecting, facts: MatchFacts): Fits {
  if (!fitsTransport(rule.type, connecting)) return false;
  const parts = [
    fitsAddress(rule.address, connecting.address, facts),
    anyOf(rule.databases, (token) => fitsDatabase(token, connecting, facts)),
    anyOf(rule.users, (token) => fitsUser(token, connecting.user, facts)),
  ];
  if (parts.includes(false)) return false;
  return parts.find((part) => part !== true) ?? true;
}

export function fitsTransport(type: ConnectionType, { address, encryption }: Connecting): boolean {
  if ((type === 'local') !== (address === null)) return false;
  switch (type) {
    case 'local':
    case 'host':
      return true;
    case 'hostssl':
      return encryption === 'tls';
    case 'hostnossl':
      return encryption !== 'tls';
    case 'hostgssenc':
      return encryption === 'gss';
    case 'hostnogssenc':
      return encryption !== 'gss';
    default:
      return type satisfies never;
  }
}

export function fitsAddress(wanted: RuleAddress | null, from: Address | null, { interfaces }: MatchFacts): Fits {
  if (wanted === null || from === null) return true;
  switch (wanted.kind) {
    case 'all':
      return true;
    case 'name':
      return `whether ${printed(from)} is ${wanted.name} is for the server's resolver to say`;
    case 'net':
      return isWithin(from, wanted.address, wanted.mask);
    case 'samehost':
    case 'samenet': {
      if (interfaces === null)
        return `the addresses of the database host are not known, and the rule is for ${wanted.kind}`;
      const only = wanted.kind === 'samehost';
      return interfaces.some(({ address, mask }) => isWithin(from, address, only ? ones(address) : mask));
    }
    default:
      return wanted satisfies never;
  }
}

export function isWithin(from: Address, address: Address, mask: Address): boolean {
  if (from.family !== address.family) return false;
  return from.bytes.every((byte, at) => ((byte ^ (address.bytes[at] ?? 0)) & (mask.bytes[at] ?? 0)) === 0);
}

function ones({ family, bytes }: Address): Address {
  return { family, bytes: bytes.map(() => 255) };
}

export function fitsDatabase(token: HbaToken, { user, database, replication }: Connecting, facts: MatchFacts): Fits {
  if (replication) return isKeyword(token, 'replication');
  if (isKeyword(token, 'all')) return true;
  if (isKeyword(token, 'sameuser')) return database === user;
  if (isKeyword(token, 'samerole') || isKeyword(token, 'samegroup')) return isMemberOf(user, database, facts);
  if (isKeyword(token, 'replication')) return false;
  return fitsName(token, database, facts.versionNum);
}

export function fitsUser(token: HbaToken, user: string, facts: MatchFacts): Fits {
  if (!token.quoted && token.text.startsWith('+')) return isMemberOf(user, token.text.slice(1), facts);
  return isKeyword(token, 'all') || fitsName(token, user, facts.versionNum);
}

function isMemberOf(user: string, role: string, { roleExists, isMember }: MatchFacts): boolean {
  return roleExists(user) && roleExists(role) && (user === role || isMember(user, role));
}

export function fitsName(token: HbaToken, name: string, versionNum: number): Fits {
  const { text } = token;
  if (versionNum < 160000 || !text.startsWith('/')) return text === name;
  const regex = regexes.get(token) ?? compileRegex(text.slice(1));
  regexes.set(token, regex);
  return regex.kind === 'regex' ? regex.matches(name) : `what ${text} matches only the server can tell`;
}

/** Compiled once for each place in a file. */
const regexes = new WeakMap<HbaToken, CompiledRegex>();

const keywords: readonly string[] = ['all', 'sameuser', 'samerole', 'samegroup', 'replication'];

/** A `name` fits what is called so and nothing else, as a user and as a database. */
export function tokenKind({ text, quoted }: HbaToken, versionNum: number): 'name' | 'other' {
  if (versionNum >= 160000 && text.startsWith('/')) return 'other';
  return !quoted && (text.startsWith('+') || keywords.includes(text)) ? 'other' : 'name';
}

function anyOf(tokens: readonly HbaToken[], fits: (token: HbaToken) => Fits): Fits {
  let unknown: string | false = false;
  for (const token of tokens) {
    const answer = fits(token);
    if (answer === true) return true;
    if (answer !== false) unknown ||= answer;
  }
  return unknown;
}
