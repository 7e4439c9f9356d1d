/**
 * Who would get in by a restored configuration and does not by the live one, among those whom a revert never lets in again.
 * Every connection that some rule could tell from the others is asked of both; what cannot be told counts as open. Pure.
 */
import type { NeverReopen } from '../never-reopen.ts';
import type { Address } from './address.ts';
import { type Answer, answering, isPasswordless, order } from './answers.ts';
import { assumptions } from './assumption.ts';
import { connectionsOf } from './connections.ts';
import type { FileRule } from './file-rules.ts';
import { type AccessState, isLoopback, loginSimulator, matchFactsOf } from './login.ts';
import { type Connecting, type MatchFacts, fitsAddress, fitsUser, tokenKind } from './match.ts';
import { pointsAmong } from './points.ts';
import type { HbaRule } from './rule.ts';
import { addressText, ruleLine } from './rule-text.ts';

export type Opening =
  | {
      readonly kind: 'role';
      readonly role: string;
      readonly byRules: boolean;
      /** Where it was kept out behind the rules: no CONNECT, a database that is closed. */
      readonly databases: readonly string[];
    }
  | { readonly kind: 'network'; readonly network: string }
  | { readonly kind: 'passwordless'; readonly rule: HbaRule }
  /** pg_ident.conf would name it again. */
  | { readonly kind: 'map'; readonly role: string };

export function openings(live: AccessState, restored: AccessState, list: NeverReopen): readonly Opening[] {
  // What does not load has closed nothing: the server goes on with what it had.
  if (!loads(live)) return [];
  const both = comparison(live, restored);
  return [
    ...list.roles.flatMap((role): Opening[] => {
      const byRules = both.opens({ users: [role], from: null });
      const databases = behindRules(live, restored, role).filter((database) => both.reaches(role, database));
      const names = (state: AccessState): readonly string[] => mapsFor(state, role);
      const known = new Set(names(live));
      return [
        ...(byRules || databases.length > 0 ? [{ kind: 'role', role, byRules, databases } as const] : []),
        ...(names(restored).every((line) => known.has(line)) ? [] : [{ kind: 'map', role } as const]),
      ];
    }),
    ...list.from.flatMap((network): Opening[] =>
      both.opens({ users: null, from: network }) ? [{ kind: 'network', network }] : [],
    ),
    ...(list.passwordless ? restored.rules : []).flatMap(({ rule }): Opening[] =>
      rule !== null && isPasswordless(rule) && both.opensBy(rule) ? [{ kind: 'passwordless', rule }] : [],
    ),
  ];
}

export function loads({ rules }: AccessState): boolean {
  return rules.length > 0 && rules.every(({ rule }) => rule !== null);
}

interface Asked {
  /** null: anybody. */
  readonly users: readonly string[] | null;
  /** null: from anywhere. */
  readonly from: string | null;
}

interface Comparison {
  opens(asked: Asked): boolean;
  /** Without authentication, by this rule, from another machine. */
  opensBy(rule: HbaRule): boolean;
  /** The restored rules let it go on to this database from somewhere. */
  reaches(user: string, database: string): boolean;
}

function comparison(live: AccessState, restored: AccessState): Comparison {
  const all = [...live.rules, ...restored.rules];
  const isAlike = live.listen === restored.listen && !asksGroups(live) && !asksGroups(restored);
  const isSameFile = isAlike && sameRules(live.rules, restored.rules);
  const facts = [matchFactsOf(live), matchFactsOf(restored)];
  const sides = assumptions(all, restored.versionNum).map(
    (assumption) => [answering(live, assumption), answering(restored, assumption)] as const,
  );
  const some = (
    { users, from }: Asked,
    isAsked: (address: Address | null) => boolean,
    opens: (was: Answer, will: Answer, connecting: Connecting) => boolean,
  ): boolean => {
    const theirs = all.filter(({ rule }) => rule !== null && (users === null || isFor(rule, users, facts)));
    const points = pointsAmong(theirs, restored.interfaces)(from)?.filter(isAsked);
    if (points === undefined) return true;
    const near = theirs.flatMap(({ rule }) => (rule !== null && isNear(rule, points, restored) ? [rule] : []));
    const connections = connectionsOf(near, users, points, live, restored);
    if (connections === null) return true;
    for (const connecting of connections)
      if (sides.some(([was, will]) => opens(was(connecting), will(connecting), connecting))) return true;
    return false;
  };
  return {
    opens: (asked) =>
      !isSameFile &&
      some(
        asked,
        () => true,
        ({ level: was }, { level: will }) => {
          if (will === 'unknown') return true;
          return order.indexOf(will) > Math.max(0, order.indexOf(was));
        },
      ),
    opensBy: (rule) =>
      !(isAlike && comesThroughAlike(rule, live, restored)) &&
      some(
        {
          users: rule.users.every((token) => tokenKind(token, restored.versionNum) === 'name')
            ? rule.users.map(({ text }) => text)
            : null,
          from: rule.address?.kind === 'net' ? networkText(rule) : null,
        },
        (address) => address !== null && !isLoopback(address),
        (was, will) => isSame(will.rule, rule) && was.level !== 'passwordless',
      ),
    reaches: (user, database) =>
      some(
        { users: [user], from: null },
        () => true,
        (_, { level }, connecting) => level !== 'closed' && !connecting.replication && connecting.database === database,
      ),
  };
}

function isFor({ users: tokens }: HbaRule, users: readonly string[], facts: readonly MatchFacts[]): boolean {
  return users.some((user) => facts.some((fact) => tokens.some((token) => fitsUser(token, user, fact) !== false)));
}

/**
 * The live file has this rule, and nothing before it that the restored one has not, but for what asks for nothing either: who
 * comes to it there gets in so here. Files of thousands of rules are not asked about them one by one.
 */
function comesThroughAlike(rule: HbaRule, live: AccessState, restored: AccessState): boolean {
  const text = ruleLine(rule);
  const before = new Set<string>();
  for (const { rule: earlier } of restored.rules) {
    if (earlier === null || isSame(earlier, rule)) break;
    before.add(ruleLine(earlier));
  }
  for (const { rule: other } of live.rules) {
    if (other === null) return false;
    const line = ruleLine(other);
    if (line === text) return true;
    if (!before.has(line) && !isPasswordless(other)) return false;
  }
  return false;
}

function sameRules(one: readonly FileRule[], other: readonly FileRule[]): boolean {
  const texts = (rules: readonly FileRule[]): string => rules.map(({ rule }) => rule && ruleLine(rule)).join('\n');
  return texts(one) === texts(other);
}

/** Whom a rule fits depends on the roles, too. */
function asksGroups({ rules }: AccessState): boolean {
  return rules.some(({ rule }) =>
    [...(rule?.users ?? []), ...(rule?.databases ?? [])].some(({ text }) => /^\+|^samerole$|^samegroup$/.test(text)),
  );
}

/** A mask whose bits stand apart is no network that can be asked about. */
function networkText({ address }: HbaRule): string | null {
  const text = address === null ? '' : addressText(address);
  return text.includes(' ') ? null : text;
}

function isSame(one: HbaRule | null, other: HbaRule): boolean {
  return one !== null && one.file === other.file && one.line === other.line;
}

function isNear({ type, address }: HbaRule, points: readonly (Address | null)[], state: AccessState): boolean {
  const facts = matchFactsOf(state);
  return points.some(
    (point) => (type === 'local') === (point === null) && fitsAddress(address, point, facts) !== false,
  );
}

const anyRule: HbaRule = {
  file: '',
  line: 1,
  type: 'local',
  databases: [{ text: 'all', quoted: false }],
  users: [{ text: 'all', quoted: false }],
  address: null,
  method: 'trust',
  options: {},
};
const line = { file: '', line: 1, fields: [], error: null };

/** Databases into which roles and grants alone would let it again. */
function behindRules(live: AccessState, restored: AccessState, user: string): readonly string[] {
  const beyond = (state: AccessState): ReturnType<typeof loginSimulator> =>
    loginSimulator({ ...state, rules: [{ line, rule: anyRule, error: null, shownError: null }], untold: null });
  const [was, will] = [beyond(live), beyond(restored)];
  return [...restored.databases.keys()].filter((database) => {
    const principal = { user, database, address: null, tls: false };
    return was(principal).kind === 'denied' && will(principal).kind !== 'denied';
  });
}

/** Lines that may be about it, whoever the system user is. */
function mapsFor({ maps = [], versionNum }: AccessState, role: string): readonly string[] {
  return maps.flatMap(({ map }) => {
    if (map === null) return [];
    const { text, quoted } = map.databaseUser;
    const isWide = text.includes('\\1') || (versionNum >= 160000 && (text.startsWith('/') || /^\+|^all$/.test(text)));
    return text === role || (isWide && !(quoted && text === 'all')) ? [JSON.stringify(map)] : [];
  });
}
