/** A rule as somebody would write it, without its options: they may hold secrets. */
import type { HbaToken } from '../hba/tokens.ts';
import { shorten } from '../markdown.ts';
import { type Address, printAddress } from './address.ts';
import type { HbaRule, RuleAddress } from './rule.ts';

export function ruleText({ type, databases, users, address, method }: HbaRule): string {
  const words = [type, list(databases), list(users), ...(address === null ? [] : [addressText(address)]), method];
  return words.join(' ');
}

const longestShown = 300;

/** For people: a rule may name thousands, in a file of their own, and plans travel. */
export function shownRule(rule: HbaRule): string {
  return shorten(ruleText(rule), longestShown);
}

function list(tokens: readonly HbaToken[]): string {
  return tokens.map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join(',');
}

function addressText(address: RuleAddress): string {
  if (address.kind === 'net') return `${printAddress(address.address)}${maskText(address.mask)}`;
  return address.kind === 'name' ? address.name : address.kind;
}

/** `/24`, or the whole mask when its bits stand apart. */
function maskText(mask: Address): string {
  const bits = mask.bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? `/${bits.replaceAll('0', '').length}` : ` ${printAddress(mask)}`;
}
