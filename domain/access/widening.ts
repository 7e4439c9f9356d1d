/** What a change opens wider than anybody may have meant: told from its new rules, whoever uses them. Pure. */
import type { AccessState } from './login.ts';
import type { HbaRule } from './rule.ts';
import { ruleText, shownRule } from './rule-text.ts';

export interface Widening {
  readonly what: 'trust' | 'every-address' | 'clear-password' | 'tls-off' | 'superuser' | 'listens-wider';
  /** One plain sentence. */
  readonly text: string;
}

export function wideningsOf(before: AccessState, after: AccessState): readonly Widening[] {
  const had = new Set(before.rules.flatMap(({ rule }) => (rule === null ? [] : [ruleText(rule)])));
  const added = after.rules.flatMap(({ rule }) => (rule === null || had.has(ruleText(rule)) ? [] : [rule]));
  return [...added.flatMap(ofRule), ...ofServer(before, after), ...newSuperusers(before, after)];
}

function ofRule(rule: HbaRule): readonly Widening[] {
  const { type, method, options } = rule;
  if (method === 'reject') return [];
  const text = shownRule(rule);
  const found: Widening[] = [];
  if (method === 'trust' && options['clientcert'] === undefined)
    found.push({ what: 'trust', text: `${text}: lets in without a password` });
  if (isEveryAddress(rule)) found.push({ what: 'every-address', text: `${text}: is for every address` });
  if (method === 'password' && type !== 'local' && type !== 'hostssl' && type !== 'hostgssenc')
    found.push({ what: 'clear-password', text: `${text}: takes passwords in clear over the network` });
  return found;
}

function isEveryAddress({ address }: HbaRule): boolean {
  if (address === null) return false;
  return address.kind === 'all' || (address.kind === 'net' && address.mask.bytes.every((byte) => byte === 0));
}

function ofServer(before: AccessState, after: AccessState): readonly Widening[] {
  const found: Widening[] = [];
  if (before.ssl && !after.ssl)
    found.push({ what: 'tls-off', text: 'ssl is turned off: nothing is encrypted any more' });
  const wide = (listen: string): boolean =>
    listen.split(',').some((name) => ['*', '0.0.0.0', '::'].includes(name.trim()));
  if (!wide(before.listen) && wide(after.listen))
    found.push({
      what: 'listens-wider',
      text: `the server listens on every address (listen_addresses = ${after.listen})`,
    });
  return found;
}

function newSuperusers(before: AccessState, after: AccessState): readonly Widening[] {
  return after.roles.all
    .filter(({ name, superuser }) => superuser && before.roles.get(name)?.superuser !== true)
    .map(({ name }) => ({ what: 'superuser', text: `role ${name} becomes a superuser` }));
}
