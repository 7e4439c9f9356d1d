/** What a server of this configuration answers a connection before it authenticates it. Pure. */
import { type Assumption, assumed } from './assumption.ts';
import { type AccessState, listeners, matchFactsOf } from './login.ts';
import type { Connecting } from './match.ts';
import { matcherOf } from './matcher.ts';
import type { HbaRule } from './rule.ts';

export type Level = 'closed' | 'authenticated' | 'passwordless' | 'unknown';
/** The later one lets in more. */
export const order: readonly Level[] = ['closed', 'authenticated', 'passwordless'];

export interface Answer {
  readonly level: Level;
  readonly rule: HbaRule | null;
}

/** Over TCP `ident` asks the client's own machine. */
export function isPasswordless({ type, address, method, options }: HbaRule): boolean {
  if (type === 'local' || address?.kind === 'samehost') return false;
  return (method === 'trust' || method === 'ident') && options['clientcert'] === undefined;
}

export function answering(state: AccessState, assumption: Assumption): (connecting: Connecting) => Answer {
  const rules = state.rules.flatMap(({ rule }) => (rule && assumed(rule, assumption, state.versionNum)) ?? []);
  const match = matcherOf(rules, matchFactsOf(state));
  const listens = listeners(state);
  return (connecting) => {
    const { address, encryption } = connecting;
    const reached = listens({ user: '', database: '', address, tls: encryption === 'tls' });
    if (reached?.kind === 'denied') return { level: 'closed', rule: null };
    const found = match(connecting);
    if (found.kind === 'none') return { level: 'closed', rule: null };
    if (found.kind === 'unknown') return { level: 'unknown', rule: found.rule };
    const { rule } = found;
    if (rule.method === 'reject') return { level: 'closed', rule };
    return { level: isPasswordless(rule) ? 'passwordless' : 'authenticated', rule };
  };
}
