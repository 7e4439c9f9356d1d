/** Where messages may go: public addresses, and private ones that `allowPrivate` names. */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export type NetworkOrHost =
  | { readonly kind: 'network'; readonly network: readonly [Address, number] }
  | { readonly kind: 'host'; readonly host: string };

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** null: neither an address, a network nor a host name. */
export function networkOrHost(text: string): NetworkOrHost | null {
  if (ipaddr.isValidCIDR(text)) return { kind: 'network', network: ipaddr.parseCIDR(text) };
  // Not `isValid` alone: it takes "2130706433" and "0177.1" for addresses, where a reader sees none.
  if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) {
    const address = ipaddr.parse(text);
    return { kind: 'network', network: [address, address.kind() === 'ipv4' ? 32 : 128] };
  }
  const host = plainHost(text);
  return hostName.test(host) && !/^[\d.]+$/.test(host) ? { kind: 'host', host } : null;
}

/** `address`: the one that is connected to, whatever the name was. Only plain unicast addresses of the internet pass by themselves. */
export function isAllowed(address: string, host: string, allow: readonly NetworkOrHost[]): boolean {
  const parsed = parse(address);
  if (parsed === null) return false;
  if (parsed.range() === 'unicast') return true;
  return allow.some((one) => (one.kind === 'host' ? one.host === plainHost(host) : isWithin(parsed, one.network)));
}

/** `::ffff:127.0.0.1` is 127.0.0.1. */
function parse(address: string): Address | null {
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null;
}

function isWithin(address: Address, [network, bits]: readonly [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
