/** Which connections to ask about, so that every one that some rule can tell from the others is among them. Pure. */
import type { HbaToken } from '../hba/tokens.ts';
import type { Address } from './address.ts';
import { type AccessState, matchFactsOf } from './login.ts';
import { type Connecting, type MatchFacts, fitsUser, tokenKind } from './match.ts';
import type { HbaRule } from './rule.ts';

/** More would be rules by the thousand: then nothing is said of it, and it counts as open. */
const mostConnections = 500_000;

/** Nobody is called so: it stands for all whom no rule names. */
const nobody = 'knowngood-nobody';

/** null: too many. */
export function connectionsOf(
  rules: readonly HbaRule[],
  asked: readonly string[] | null,
  points: readonly (Address | null)[],
  live: AccessState,
  restored: AccessState,
): Iterable<Connecting> | null {
  const named = (tokens: readonly HbaToken[]): readonly string[] =>
    tokens.flatMap((token) => (tokenKind(token, restored.versionNum) === 'name' ? [token.text] : []));
  const databases = new Set([
    ...rules.flatMap((rule) => named(rule.databases)),
    ...live.databases.keys(),
    ...restored.databases.keys(),
    nobody,
  ]);
  const users = asked === null ? usersOf(rules, databases, named, [live, restored]) : new Set(asked);
  if (users.size * (databases.size + 2) * points.length * 3 > mostConnections) return null;
  return each(users, databases, points);
}

/** Those whom rules name, and one of each kind that they cannot tell apart. */
function usersOf(
  rules: readonly HbaRule[],
  databases: ReadonlySet<string>,
  named: (tokens: readonly HbaToken[]) => readonly string[],
  states: readonly AccessState[],
): ReadonlySet<string> {
  const names = new Set(rules.flatMap((rule) => named(rule.users)));
  const facts = states.map(matchFactsOf);
  const others = new Map<string, HbaToken>();
  for (const { users } of rules)
    for (const token of users) if (named([token]).length === 0) others.set(`${token.quoted} ${token.text}`, token);
  const isSameRole = rules.some((rule) =>
    rule.databases.some(({ text }) => text === 'samerole' || text === 'samegroup'),
  );
  const kindOf = (role: string): string =>
    facts
      .flatMap((fact: MatchFacts) => [
        ...[...others.values()].map((token) => String(fitsUser(token, role, fact))),
        ...(isSameRole ? [...databases].map((name) => String(fact.isMember(role, name))) : []),
      ])
      .join();
  const kinds = new Map<string, string>([[kindOf(nobody), nobody]]);
  for (const { roles } of states)
    for (const { name } of roles.all) if (!kinds.has(kindOf(name))) kinds.set(kindOf(name), name);
  // `sameuser` asks for a user who is called like a database.
  return new Set([...names, ...kinds.values(), ...databases]);
}

function* each(
  users: ReadonlySet<string>,
  databases: ReadonlySet<string>,
  points: readonly (Address | null)[],
): Iterable<Connecting> {
  for (const user of users)
    for (const address of points)
      for (const encryption of address === null ? (['none'] as const) : (['none', 'tls', 'gss'] as const)) {
        yield { user, database: user, address, encryption, replication: true };
        for (const database of databases.has(user) ? databases : [...databases, user])
          yield { user, database, address, encryption, replication: false };
      }
}
