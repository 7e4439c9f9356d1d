/** From where a principal comes, as the few addresses that tell: within a network, those at the borders of the rules. */
import { type Address, maskOf, parseAddress } from './address.ts';
import type { FileRule } from './file-rules.ts';

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
export function pointsOf(from: From, rules: readonly FileRule[]): readonly (Address | null)[] | null {
  if (from === 'local') return [null];
  const ranges = from === null ? [everywhere(4), everywhere(6)] : [rangeOf(from)];
  const points: (Address | null)[] = from === null ? [null] : [];
  for (const range of ranges) {
    if (range === null) return null;
    const borders = new Set([range.first, range.last]);
    if (range.first !== range.last) for (const border of bordersOf(rules, range)) borders.add(border);
    if (points.length + borders.size > mostPoints) return null;
    points.push(...[...borders].sort((a, b) => (a < b ? -1 : 1)).map((number) => addressOf(range.family, number)));
  }
  return points;
}

/** null: it is no address and no network. */
function rangeOf(text: string): Range | null {
  const [host = '', bits] = text.split('/', 2);
  const address = parseAddress(host);
  if (address === null) return null;
  const mask = maskOf(bits ?? String(address.bytes.length * 8), address.family);
  return mask === null ? null : netOf(address, mask);
}

function everywhere(family: 4 | 6): Range {
  return { family, first: 0n, last: (1n << BigInt(family === 4 ? 32 : 128)) - 1n };
}

function netOf(address: Address, mask: Address): Range {
  const [at, bits] = [numberOf(address), numberOf(mask)];
  const first = at & bits;
  return { family: address.family, first, last: first | (everywhere(address.family).last & ~bits) };
}

/** First and last of each rule's network, and their neighbours outside. */
function bordersOf(rules: readonly FileRule[], { family, first, last }: Range): readonly bigint[] {
  return rules.flatMap(({ rule }) => {
    if (rule?.address?.kind !== 'net' || rule.address.address.family !== family) return [];
    const net = netOf(rule.address.address, rule.address.mask);
    return [net.first - 1n, net.first, net.last, net.last + 1n].filter((at) => at >= first && at <= last);
  });
}

function numberOf({ bytes }: Address): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function addressOf(family: 4 | 6, number: bigint): Address {
  const size = family === 4 ? 4 : 16;
  const bytes = Array.from({ length: size }, (_, at) => Number((number >> BigInt((size - 1 - at) * 8)) & 0xffn));
  return { family, bytes };
}
