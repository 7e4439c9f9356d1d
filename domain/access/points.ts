/** From where a principal comes, as the few addresses that tell: within a network, those at the borders of the rules. */
import { type Address, parseNetwork, printAddress } from './address.ts';
import type { FileRule } from './file-rules.ts';
import type { MatchFacts } from './match.ts';
import type { HbaRule } from './rule.ts';

/** `local`: the socket. An address, a network such as `10.2.0.0/16`. null: not said, so anywhere. */
export type From = string | null;

interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** More would be rules by the thousand that cut up one network; then nothing is said of it. */
const mostPoints = 20_000;

/** Every way to come that some rule could tell from the others; null in it: the socket. null: too many, or no address. */
export type PointsOf = (from: From) => readonly (Address | null)[] | null;

/** `interfaces`: what `samehost` and `samenet` mean; null: not known. */
export function pointsAmong(rules: readonly FileRule[], interfaces: MatchFacts['interfaces']): PointsOf {
  const borders = { 4: bordersOf(rules, interfaces, 4), 6: bordersOf(rules, interfaces, 6) };
  return (from) => {
    if (from === 'local') return [null];
    const ranges = from === null ? [everywhere(4), everywhere(6)] : [rangeOf(from)];
    const points: (Address | null)[] = from === null ? [null] : [];
    for (const range of ranges) {
      if (range === null) return null;
      const { family, first, last } = range;
      const inside = first === last ? [] : borders[family].filter((at) => at > first && at < last);
      const numbers = first === last ? [first] : [first, ...inside, last];
      if (points.length + numbers.length > mostPoints) return null;
      points.push(...numbers.map((number) => addressOf(family, number)));
    }
    return points;
  };
}

/** null: it is no address and no network. */
function rangeOf(text: string): Range | null {
  const network = parseNetwork(text);
  return network === null ? null : netOf(network.address, network.mask);
}

function everywhere(family: 4 | 6): Range {
  return { family, first: 0n, last: (1n << BigInt(family === 4 ? 32 : 128)) - 1n };
}

function netOf(address: Address, mask: Address): Range {
  const [at, bits] = [numberOf(address), numberOf(mask)];
  const first = at & bits;
  return { family: address.family, first, last: first | (everywhere(address.family).last & ~bits) };
}

/** First and last of each network, and their neighbours outside; sorted. */
function bordersOf(rules: readonly FileRule[], interfaces: MatchFacts['interfaces'], family: 4 | 6): readonly bigint[] {
  const whole = everywhere(family);
  const networks = [
    // What comes from this machine comes to other addresses.
    ...loopbacks.flatMap((text) => rangeOf(text) ?? []),
    ...rules.flatMap(({ rule }) => (rule === null ? [] : networksOf(rule, interfaces))),
  ].filter((network) => network.family === family);
  const borders = networks.flatMap(({ first, last }) => [first - 1n, first, last, last + 1n]);
  const inside = borders.filter((at) => at >= whole.first && at <= whole.last);
  return [...new Set(inside)].sort((a, b) => (a < b ? -1 : 1));
}

const loopbacks = ['127.0.0.0/8', '::1'];

function networksOf({ address }: HbaRule, interfaces: MatchFacts['interfaces']): readonly Range[] {
  if (address?.kind === 'net') return [netOf(address.address, address.mask)];
  if (address?.kind === 'samenet') return (interfaces ?? []).map((one) => netOf(one.address, one.mask));
  if (address?.kind === 'samehost')
    return (interfaces ?? []).flatMap(({ address: own }) => rangeOf(printAddress(own)) ?? []);
  return [];
}

function numberOf({ bytes }: Address): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function addressOf(family: 4 | 6, number: bigint): Address {
  const size = family === 4 ? 4 : 16;
  const bytes = Array.from({ length: size }, (_, at) => Number((number >> BigInt((size - 1 - at) * 8)) & 0xffn));
  return { family, bytes };
}
