/** Rules as somebody would write them. */
import type { HbaToken } from '../hba/tokens.ts';
import { shorten } from '../markdown.ts';
import { type Address, printAddress } from './address.ts';
import type { HbaRule, RuleAddress } from './rule.ts';

/** For people, without options: they may hold secrets. */
export function ruleText(rule: HbaRule): string {
  return wordsOf(rule, ({ text, quoted }) => (quoted ? `"${text}"` : text)).join(' ');
}

/** As the server reads it again, options and all. */
export function ruleLine(rule: HbaRule): string {
  const options = Object.entries(rule.options).map(([name, value]) =>
    tokenText({ text: `${name}=${value}`, quoted: false }),
  );
  return [...wordsOf(rule, tokenText), ...options].join(' ');
}

/** A name that means nothing else, whatever it is. */
export function nameToken(text: string): HbaToken {
  return { text, quoted: true };
}

const longestShown = 300;

/** For people: a rule may name thousands, in a file of their own, and plans travel. */
export function shownRule(rule: HbaRule): string {
  return shorten(ruleText(rule), longestShown);
}

function wordsOf({ type, databases, users, address, method }: HbaRule, write: (token: HbaToken) => string): string[] {
  const list = (tokens: readonly HbaToken[]): string => tokens.map(write).join(',');
  return [type, list(databases), list(users), ...(address === null ? [] : [addressText(address)]), method];
}

/** Only a quote before the first character makes a name of a keyword: what needs quotes further on gets them there. */
export function tokenText({ text, quoted }: HbaToken): string {
  const inQuotes = (part: string): string => `"${part.replaceAll('"', '""')}"`;
  if (quoted) return inQuotes(text);
  return /[ \t\r,#"]/.test(text) ? `${text.slice(0, 1)}${inQuotes(text.slice(1))}` : text;
}

export function addressText(address: RuleAddress): string {
  if (address.kind === 'net') return `${printAddress(address.address)}${maskText(address.mask)}`;
  return address.kind === 'name' ? address.name : address.kind;
}

/** `/24`, or the whole mask when its bits stand apart. */
function maskText(mask: Address): string {
  const bits = mask.bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? `/${bits.replaceAll('0', '').length}` : ` ${printAddress(mask)}`;
}
