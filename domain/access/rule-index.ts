/**
 * Which rules can be for somebody at all, found without asking each of them. Only a sieve: what it leaves out does not fit
 * for certain, and whether the rest fits is still asked of each rule (`match.ts`).
 */
import type { HbaToken } from '../hba/tokens.ts';
import type { Address } from './address.ts';
import {
  type Connecting,
  type MatchFacts,
  fitsAddress,
  fitsDatabase,
  fitsTransport,
  fitsUser,
  tokenKind,
} from './match.ts';
import { type HbaRule, connectionTypes } from './rule.ts';

/** One bit a rule, in their order. */
type Bits = Uint32Array;

/** The numbers of the rules that may fit, ascending. */
export type Sieve = (connecting: Connecting) => Iterable<number>;

export function ruleSieve(rules: readonly HbaRule[], facts: MatchFacts): Sieve {
  const byTransport = new Map(connectionTypes.map((type) => [type, bitsOf(rules, (rule) => rule.type === type)]));
  const databases = tokenIndex(rules, ({ databases: tokens }) => tokens, facts.versionNum);
  const users = tokenIndex(rules, ({ users: tokens }) => tokens, facts.versionNum);
  const addresses = addressIndex(rules, facts);

  const transports = remembered((connecting: Connecting) => {
    const bits = none(rules);
    for (const [type, those] of byTransport) if (fitsTransport(type, connecting)) add(bits, those);
    return bits;
  });
  const forUser = remembered(({ user }: Connecting) => users(user, (token) => fitsUser(token, user, facts)));
  const forDatabase = remembered((connecting: Connecting) =>
    databases(connecting.replication ? null : connecting.database, (token) => fitsDatabase(token, connecting, facts)),
  );
  const fromAddress = remembered(({ address }: Connecting) => addresses(address));

  return (connecting) => {
    const { user, database, address, encryption, replication } = connecting;
    const parts = [
      transports(`${address === null} ${encryption}`, connecting),
      fromAddress(address === null ? '' : address.bytes.join('.'), connecting),
      forUser(user, connecting),
      // `sameuser` and `samerole` ask for both.
      forDatabase(`${replication} ${database}\0${user}`, connecting),
    ];
    return inAll(parts);
  };
}

/** Names are looked up; only what is not a name is asked of, once for each thing that is said. */
function tokenIndex(
  rules: readonly HbaRule[],
  tokensOf: (rule: HbaRule) => readonly HbaToken[],
  versionNum: number,
): (name: string | null, fits: (token: HbaToken) => boolean | string) => Bits {
  const byName = new Map<string, Bits>();
  const others = new Map<string, { readonly token: HbaToken; readonly bits: Bits }>();
  for (const [at, rule] of rules.entries())
    for (const token of tokensOf(rule)) {
      const isName = tokenKind(token, versionNum) === 'name';
      const key = `${token.quoted} ${token.text}`;
      const bits = (isName ? byName.get(token.text) : others.get(key)?.bits) ?? none(rules);
      set(bits, at);
      if (isName) byName.set(token.text, bits);
      else if (!others.has(key)) others.set(key, { token, bits });
    }
  return (name, fits) => {
    const bits = none(rules);
    const own = name === null ? undefined : byName.get(name);
    if (own !== undefined) add(bits, own);
    for (const other of others.values()) if (fits(other.token) !== false) add(bits, other.bits);
    return bits;
  };
}

/** Networks by their mask, of which there are few. */
function addressIndex(rules: readonly HbaRule[], facts: MatchFacts): (from: Address | null) => Bits {
  const byMask = new Map<string, { readonly mask: Address; readonly networks: Map<string, Bits> }>();
  const others = new Map<string, { readonly rule: HbaRule; readonly bits: Bits }>();
  for (const [at, rule] of rules.entries()) {
    const { address } = rule;
    if (address?.kind !== 'net') {
      const key = address === null ? '' : address.kind;
      const other = others.get(key) ?? { rule, bits: none(rules) };
      set(other.bits, at);
      others.set(key, other);
      continue;
    }
    const maskKey = address.mask.bytes.join('.');
    const same = byMask.get(maskKey) ?? { mask: address.mask, networks: new Map<string, Bits>() };
    const network = networkOf(address.address, address.mask);
    const bits = same.networks.get(network) ?? none(rules);
    set(bits, at);
    byMask.set(maskKey, { ...same, networks: same.networks.set(network, bits) });
  }
  return (from) => {
    const bits = none(rules);
    for (const { rule, bits: those } of others.values())
      if (fitsAddress(rule.address, from, facts) !== false) add(bits, those);
    if (from !== null)
      for (const { mask, networks } of byMask.values()) {
        const those = mask.family === from.family ? networks.get(networkOf(from, mask)) : undefined;
        if (those !== undefined) add(bits, those);
      }
    return bits;
  };
}

function networkOf({ bytes }: Address, mask: Address): string {
  let key = '';
  for (let at = 0; at < bytes.length; at += 1) key += String.fromCharCode((bytes[at] ?? 0) & (mask.bytes[at] ?? 0));
  return key;
}

function remembered(answer: (connecting: Connecting) => Bits): (key: string, connecting: Connecting) => Bits {
  const known = new Map<string, Bits>();
  return (key, connecting) => {
    const found = known.get(key) ?? answer(connecting);
    known.set(key, found);
    return found;
  };
}

function bitsOf(rules: readonly HbaRule[], has: (rule: HbaRule) => boolean): Bits {
  const bits = none(rules);
  for (const [at, rule] of rules.entries()) if (has(rule)) set(bits, at);
  return bits;
}

function none(rules: readonly HbaRule[]): Bits {
  return new Uint32Array(Math.ceil(rules.length / 32));
}

function set(bits: Bits, at: number): void {
  const word = at >>> 5;
  bits[word] = (bits[word] ?? 0) | (1 << (at & 31));
}

function add(bits: Bits, more: Bits): void {
  for (let word = 0; word < bits.length; word += 1) bits[word] = (bits[word] ?? 0) | (more[word] ?? 0);
}

function* inAll([first, ...rest]: readonly Bits[]): Iterable<number> {
  for (let word = 0; word < (first?.length ?? 0); word += 1) {
    let bits = first?.[word] ?? 0;
    for (const part of rest) bits &= part[word] ?? 0;
    for (; bits !== 0; bits &= bits - 1) yield word * 32 + (31 - Math.clz32(bits & -bits));
  }
}
