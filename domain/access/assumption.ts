/** What only the server can tell of a rule: each answer is assumed in turn. Pure. */
import type { HbaToken } from '../hba/tokens.ts';
import type { FileRule } from './file-rules.ts';
import { compileRegex } from './regex.ts';
import type { HbaRule } from './rule.ts';

/** Taken for so: the name of the client's machine, and the expression that fits. */
export interface Assumption {
  readonly host: string | null;
  readonly regex: string | null;
}

export function assumptions(rules: readonly FileRule[], versionNum: number): readonly Assumption[] {
  const hosts = new Set<string | null>([null]);
  const regexes = new Set<string | null>([null]);
  for (const { rule } of rules) {
    if (rule?.address?.kind === 'name') hosts.add(rule.address.name.toLowerCase());
    for (const token of [...(rule?.users ?? []), ...(rule?.databases ?? [])])
      if (isUndecidable(token, versionNum)) regexes.add(token.text);
  }
  return [...hosts].flatMap((host) => [...regexes].map((regex) => ({ host, regex })));
}

function isUndecidable({ text }: HbaToken, versionNum: number): boolean {
  return versionNum >= 160000 && text.startsWith('/') && compileRegex(text.slice(1)).kind === 'undecidable';
}

/** null: under the assumption it is for nobody. */
export function assumed(rule: HbaRule, { host, regex }: Assumption, versionNum: number): HbaRule | null {
  const tokens = (some: readonly HbaToken[]): readonly HbaToken[] =>
    some.flatMap((token) => {
      if (!isUndecidable(token, versionNum)) return [token];
      return token.text === regex ? [{ text: 'all', quoted: false }] : [];
    });
  const [users, databases] = [tokens(rule.users), tokens(rule.databases)];
  if (users.length === 0 || databases.length === 0) return null;
  if (rule.address?.kind !== 'name') return { ...rule, users, databases };
  const name = rule.address.name.toLowerCase();
  const isIt = host === name || (name.startsWith('.') && host?.endsWith(name) === true);
  return isIt ? { ...rule, users, databases, address: { kind: 'all' } } : null;
}
