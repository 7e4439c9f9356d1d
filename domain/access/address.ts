/** Addresses as the server reads and prints them: `getaddrinfo` of numbers only, `inet_ntop`, and its own CIDR masks. */
import ipaddr from 'ipaddr.js';

export interface Address {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
}

/** One part to four, decimal, octal or hexadecimal: `inet_aton`. */
const numericV4 = /^(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}$/i;
/** As nearly all are written. A zero in front would make it octal. */
const plainV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const numericV6 = /^[0-9a-f:]+$/i;

/** null: not a number, and then the server takes it for a host name. A zone (`%eth0`) is the host's to know, and left out. */
export function parseAddress(text: string): Address | null {
  const plain = plainV4.exec(text)?.slice(1).map(Number);
  if (plain !== undefined && plain.every((byte) => byte < 256)) return { family: 4, bytes: plain };
  const [bare = '', zone] = text.split('%', 2);
  if (zone === undefined && numericV4.test(text) && ipaddr.IPv4.isValid(text))
    return { family: 4, bytes: ipaddr.IPv4.parse(text).toByteArray() };
  const groups = inGroups(bare);
  if (zone === '' || groups === null || !numericV6.test(groups) || !ipaddr.IPv6.isValid(groups)) return null;
  return { family: 6, bytes: ipaddr.IPv6.parse(groups).toByteArray() };
}

/** Four numbers at the end of an IPv6 address as the two groups that they are; null: they are none. */
function inGroups(text: string): string | null {
  if (!text.includes('.')) return text;
  const [, head = '', ...numbers] = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
  const isByte = (number: string): boolean => /^(0|[1-9]\d{0,2})$/.test(number) && Number(number) < 256;
  if (head === '' || !numbers.every(isByte)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = numbers.map(Number);
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The mask of a prefix length as `strtol` reads it; null: not one for this family. */
export function maskOf(length: string, family: 4 | 6): Address | null {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(length)) return null;
  const bits = Number(length);
  const size = family === 4 ? 4 : 16;
  if (bits < 0 || bits > size * 8) return null;
  const bytes: number[] = [];
  for (let at = 0; at < size; at += 1) bytes.push(256 - 2 ** (8 - Math.min(8, Math.max(0, bits - at * 8))));
  return { family, bytes };
}

/** `10.2.0.0/16`, or an address as the network of itself; null: neither. */
export function parseNetwork(text: string): { readonly address: Address; readonly mask: Address } | null {
  const [host = '', bits] = text.split('/', 2);
  const address = parseAddress(host);
  if (address === null) return null;
  const mask = maskOf(bits ?? String(address.bytes.length * 8), address.family);
  return mask === null ? null : { address, mask };
}

export function printAddress({ family, bytes }: Address): string {
  if (family === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, at) => (bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0));
  const gap = longestGap(words);
  // Compatible and mapped addresses end in the four numbers of the old family.
  const mixed = gap !== null && gap.from === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
  const shown = (from: number, to: number): string[] => {
    const parts = words.slice(from, mixed ? Math.min(to, 6) : to).map((word) => word.toString(16));
    return mixed && to === 8 ? [...parts, bytes.slice(12).join('.')] : parts;
  };
  if (gap === null) return shown(0, 8).join(':');
  return `${shown(0, gap.from).join(':')}::${shown(gap.from + gap.length, 8).join(':')}`;
}

/** The first of the longest runs of zeros; one alone is none. */
function longestGap(words: readonly number[]): { readonly from: number; readonly length: number } | null {
  let best: { from: number; length: number } | null = null;
  for (let from = 0; from < 8; from += 1) {
    let length = 0;
    while (words[from + length] === 0) length += 1;
    if (length > Math.max(1, best?.length ?? 0)) best = { from, length };
    from += length;
  }
  return best;
}
