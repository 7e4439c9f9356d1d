/** Addresses as networks for a configuration: each by itself, and together only where many of them are obviously one subnet. */
import { type Address, maskOf, parseAddress, parseNetwork, printAddress } from './address.ts';
import { isWithin } from './match.ts';

export interface SeenNetwork {
  /** `10.2.0.4/32`, or the smallest network that holds all of `addresses`. */
  readonly network: string;
  /** Those that were seen in it, sorted. */
  readonly addresses: readonly string[];
}

/** So many can be read, and each is exactly what was seen. */
const mostListed = 8;

/** Within these the addresses of one service are neighbours; beyond them nobody can say what lies between. */
const subnetBits = { 4: 24, 6: 64 } as const;

/** Sorted by family and number. What is no address is left out. */
export function networksOf(texts: readonly string[]): readonly SeenNetwork[] {
  const addresses = [...new Set(texts)].flatMap((text) => parseAddress(text) ?? []).sort(byNumber);
  const subnets = new Map<string, Address[]>();
  for (const address of addresses) {
    const subnet = `${address.family} ${address.bytes.slice(0, subnetBits[address.family] / 8).join('.')}`;
    subnets.set(subnet, [...(subnets.get(subnet) ?? []), address]);
  }
  return [...subnets.values()].flatMap((group) =>
    group.length > mostListed ? [networkOver(group)] : group.map((one) => networkOver([one])),
  );
}

/** Whether an address lies in a network (or is the address that is written there). */
export function isInNetwork(text: string, network: string): boolean {
  const [address, within] = [parseAddress(text), parseNetwork(network)];
  return address !== null && within !== null && isWithin(address, within.address, within.mask);
}

function networkOver(sorted: readonly Address[]): SeenNetwork {
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  if (first === undefined || last === undefined) throw new RangeError('no addresses');
  const bits = commonBits(first, last);
  const mask = maskOf(String(bits), first.family);
  const bytes = first.bytes.map((byte, at) => byte & (mask?.bytes[at] ?? 0));
  return {
    network: `${printAddress({ family: first.family, bytes })}/${bits}`,
    addresses: sorted.map(printAddress),
  };
}

/** Sorted, the first and the last one have in common what all have. */
function commonBits(a: Address, b: Address): number {
  const at = a.bytes.findIndex((byte, index) => byte !== b.bytes[index]);
  if (at < 0) return lengthOf(a);
  return at * 8 + Math.clz32((a.bytes[at] ?? 0) ^ (b.bytes[at] ?? 0)) - 24;
}

function lengthOf({ bytes }: Address): number {
  return bytes.length * 8;
}

function byNumber(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  const at = a.bytes.findIndex((byte, index) => byte !== b.bytes[index]);
  return at < 0 ? 0 : (a.bytes[at] ?? 0) - (b.bytes[at] ?? 0);
}
