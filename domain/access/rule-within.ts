/** What of a rule is left where only some connections come by: the same rule, narrowed to them. Pure. */
import type { HbaToken } from '../hba/tokens.ts';
import type { Address } from './address.ts';
import { type MatchFacts, fitsName, fitsUser, isWithin, tokenKind } from './match.ts';
import { isKeyword } from './parse-rule.ts';
import { type ConnectionType, type HbaRule, type RuleAddress, connectionTypes } from './rule.ts';

/** The connections that come by; absent: whatever it is. */
export type Box = Partial<Pick<HbaRule, 'type' | 'databases' | 'users' | 'address'>>;

/** What the two have in common cannot be written as one rule. */
export class NotOneRule extends Error {}

/** null: the rule is for none of them. Throws `NotOneRule`. */
export function within(rule: HbaRule, box: Box, facts: MatchFacts): HbaRule | null {
  const type = box.type === undefined ? rule.type : typeOfBoth(rule.type, box.type);
  const address = box.address === undefined ? rule.address : addressOfBoth(rule.address, box.address);
  const databases =
    box.databases === undefined ? rule.databases : databasesOfBoth(rule.databases, box.databases, facts);
  const users = box.users === undefined ? rule.users : tokensOfBoth(rule.users, box.users, forUser(facts), facts);
  if (type === null || address === undefined || databases.length === 0 || users.length === 0) return null;
  return { ...rule, type, address, databases, users };
}

const ways: Readonly<Record<ConnectionType, string>> = {
  local: 'l',
  host: 'ntg',
  hostssl: 't',
  hostnossl: 'ng',
  hostgssenc: 'g',
  hostnogssenc: 'nt',
};

function typeOfBoth(one: ConnectionType, other: ConnectionType): ConnectionType | null {
  const both = ways[one]
    .split('')
    .filter((way) => ways[other].includes(way))
    .join('');
  if (both === '') return null;
  const type = connectionTypes.find((name) => ways[name] === both);
  if (type === undefined) throw new NotOneRule();
  return type;
}

/** undefined: none. */
function addressOfBoth(one: RuleAddress | null, other: RuleAddress | null): RuleAddress | null | undefined {
  if (one === null || other === null) return one === other ? null : undefined;
  if (other.kind === 'all') return one;
  if (one.kind === 'all') return other;
  if (one.kind === 'net' && other.kind === 'net') {
    if (one.address.family !== other.address.family) return undefined;
    const common = bitsOf(one.mask, (bits, at) => bits & (other.mask.bytes[at] ?? 0));
    if (!isWithin(one.address, other.address, common)) return undefined;
    if (covers(one.mask, other.mask)) return one;
    if (covers(other.mask, one.mask)) return other;
  }
  if (JSON.stringify(one) === JSON.stringify(other)) return one;
  throw new NotOneRule();
}

/** Every bit of `other` is one of `mask`. */
function covers(mask: Address, other: Address): boolean {
  return other.bytes.every((bits, at) => (bits & ~(mask.bytes[at] ?? 0)) === 0);
}

function bitsOf({ family, bytes }: Address, make: (bits: number, at: number) => number): Address {
  return { family, bytes: bytes.map(make) };
}

type FitsToken = (token: HbaToken, name: string) => boolean | string;

function forUser(facts: MatchFacts): FitsToken {
  return (token, name) => fitsUser(token, name, facts);
}

/** Physical replication asks for no database, and `all` does not stand for it. */
function databasesOfBoth(one: readonly HbaToken[], other: readonly HbaToken[], facts: MatchFacts): readonly HbaToken[] {
  const isReplication = (token: HbaToken): boolean => isKeyword(token, 'replication');
  const named = (tokens: readonly HbaToken[]): readonly HbaToken[] => tokens.filter((token) => !isReplication(token));
  const fits: FitsToken = (token, name) =>
    ['sameuser', 'samerole', 'samegroup'].some((word) => isKeyword(token, word))
      ? 'that depends on the user'
      : fitsName(token, name, facts.versionNum);
  const both = tokensOfBoth(named(one), named(other), fits, facts);
  const replication = other.some(isReplication) ? one.filter(isReplication) : [];
  return [...both, ...replication];
}

function tokensOfBoth(
  one: readonly HbaToken[],
  other: readonly HbaToken[],
  fits: FitsToken,
  { versionNum }: MatchFacts,
): readonly HbaToken[] {
  const isAll = (token: HbaToken): boolean => isKeyword(token, 'all');
  if (one.length === 0 || other.length === 0) return [];
  if (other.some(isAll)) return one;
  if (one.some(isAll)) return other;
  const isName = (token: HbaToken): boolean => tokenKind(token, versionNum) === 'name';
  const same = (a: HbaToken) => (b: HbaToken) => a.text === b.text && a.quoted === b.quoted;
  const fitsAny = (tokens: readonly HbaToken[], name: string): boolean => {
    const answers = tokens.map((token) => fits(token, name));
    if (answers.includes(true)) return true;
    if (answers.some((answer) => answer !== false)) throw new NotOneRule();
    return false;
  };
  const wide = one.filter((token) => !isName(token));
  const otherWide = other.filter((token) => !isName(token));
  const shared = wide.filter((token) => otherWide.some(same(token)));
  // Two groups or expressions may have members in common.
  if (wide.length > 0 && otherWide.length > 0 && shared.length !== Math.max(wide.length, otherWide.length))
    throw new NotOneRule();
  const names = [
    ...one.filter((token) => isName(token) && fitsAny(other, token.text)),
    ...other.filter((token) => isName(token) && !one.some(same(token)) && fitsAny(one, token.text)),
  ];
  return [...shared, ...names];
}
