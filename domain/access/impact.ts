/** Who loses and who gains access by a change: the same principals asked of the configuration before and after it. Pure. */
import { printAddress } from './address.ts';
import { becauseOf, ruleAt } from './because.ts';
import { goneFrom } from './elsewhere.ts';
import { type Access, type AccessState, type Place, type Principal, loginSimulator } from './login.ts';
import type { Need } from './need.ts';
import { type NeedSections, lostNeeds } from './needs.ts';
import { fewerConnections } from './fewer-connections.ts';
import { type From, type PointsOf, pointsAmong } from './points.ts';
import type { FileRule } from './file-rules.ts';
import type { HbaRule } from './rule.ts';
import { type Widening, wideningsOf } from './widening.ts';

/** Why somebody is asked about. */
export type Source =
  'declared' | 'check' | 'observed' | 'knowngood' | 'superuser' | 'replication' | 'backup' | 'monitoring';

export interface Asked {
  readonly user: string;
  /** Of a replication connection without meaning. */
  readonly database: string;
  readonly from: From;
  readonly tls: boolean;
  readonly replication?: boolean;
  readonly source: Source;
  /** Names of the dependents, or what it is: for people. */
  readonly who: readonly string[];
  /** As whom the operating system knows it, over the socket; absent: not known. */
  readonly systemUser?: string;
  /** Privileges that it needs in its database. */
  readonly needs?: readonly Need[];
}

export interface AccessChange extends Asked {
  /** The privilege that it is about, in the words of GRANT; absent: getting in at all. */
  readonly need?: string;
  readonly verdict: 'lost' | 'gained' | 'unknown';
  /** An address (or `local`) for which it is so. */
  readonly example: string;
  readonly before: Access;
  readonly after: Access;
  /** What of the change explains it, a sentence each. */
  readonly because: readonly string[];
}

export interface AccessImpact {
  /** At most `mostShown` each, those first without whom nothing could be put back. */
  readonly lost: readonly AccessChange[];
  readonly gained: readonly AccessChange[];
  readonly unknown: readonly AccessChange[];
  readonly unchanged: number;
  readonly widened: readonly Widening[];
  /** Connections that are left for everybody but superusers, where they are fewer. */
  readonly fewer?: { readonly before: number; readonly after: number };
  /** Left out of the lists above. */
  readonly more: number;
  /** All dependents that lose something, where those lists leave some out: nobody is forgotten for being one of many. */
  readonly hit?: DependentsHit;
}

/** Names, each once. */
export interface DependentsHit {
  /** They do not get in. */
  readonly login: readonly string[];
  readonly privileges: readonly string[];
  /** Whether they do cannot be told. */
  readonly unknown: readonly string[];
}

const mostShown = 50;

/** Without these nothing could be put back, or nobody would hear of it. */
const guarded: ReadonlySet<Source> = new Set(['knowngood', 'superuser', 'replication']);

export function isGuarded({ source }: Pick<Asked, 'source'>): boolean {
  return guarded.has(source);
}

export function isOfDependent({ source }: Pick<Asked, 'source'>): boolean {
  return source === 'declared' || source === 'check';
}

/** Each list, so that an answer stays a small payload. */
const mostHit = 60;

export function hitAmong({ lost, unknown }: Pick<AccessImpact, 'lost' | 'unknown'>): DependentsHit {
  const namesOf = (changes: readonly AccessChange[]): readonly string[] =>
    [...new Set(changes.filter(isOfDependent).flatMap(({ who }) => who))].slice(0, mostHit);
  return {
    login: namesOf(lost.filter(({ need }) => need === undefined)),
    privileges: namesOf(lost.filter(({ need }) => need !== undefined)),
    unknown: namesOf(unknown),
  };
}

export function accessImpact(
  before: AccessState,
  after: AccessState,
  asked: readonly Asked[],
  sections: NeedSections | null = null,
): AccessImpact {
  const pointsOf = pointsAmong([...before.rules, ...after.rules], after.interfaces);
  const both = bothOf(before, after);
  const logins = asked.flatMap((one) => changeOf(both, one, pointsOf(one.from)) ?? []);
  const changes = [...logins, ...(sections === null ? [] : lostNeeds(sections, asked))];
  const of = (verdict: AccessChange['verdict']): AccessChange[] =>
    changes
      .filter((change) => change.verdict === verdict)
      .toSorted((a, b) => Number(isGuarded(b)) - Number(isGuarded(a)));
  const [lost, gained, unknown] = [of('lost'), of('gained'), of('unknown')];
  const widened = wideningsOf(before, after);
  const more = [lost, gained, unknown, widened].reduce((sum, { length }) => sum + Math.max(0, length - mostShown), 0);
  // Why is worked out for those alone that are shown: thousands may lose access by one line.
  const shown = (all: readonly AccessChange[]): AccessChange[] =>
    all
      .slice(0, mostShown)
      .map((one) => (one.need === undefined ? { ...one, because: becauseOf(before, after, one) } : one));
  return {
    lost: shown(lost),
    gained: shown(gained),
    unknown: shown(unknown),
    unchanged: asked.length - logins.length,
    widened: widened.slice(0, mostShown),
    ...fewerSlots(before, after),
    more,
    ...(Math.max(lost.length, unknown.length) > mostShown ? { hit: hitAmong({ lost, unknown }) } : {}),
  };
}

function fewerSlots({ slots: was }: AccessState, { slots: is }: AccessState): Pick<AccessImpact, 'fewer'> {
  return was === undefined || is === undefined || is >= was ? {} : { fewer: { before: was, after: is } };
}

interface Point {
  readonly example: string;
  readonly before: Access;
  readonly after: Access;
  readonly verdict: AccessChange['verdict'] | 'unchanged';
}

type Simulator = ReturnType<typeof loginSimulator>;

interface Both {
  readonly before: Simulator;
  readonly after: Simulator;
  /** What an answer that is unknown rests on: when that is another one, nothing is as it was. */
  readonly groundBefore: (where: Place | null) => string;
  readonly groundAfter: (where: Place | null) => string;
  /** The same without the rules of which only the server's resolver knows whom they are for; null: there are none. */
  readonly passedOver: Both | null;
}

function bothOf(before: AccessState, after: AccessState): Both {
  const hasNames = [before, after].some(({ rules }) => rules.some(isForName));
  const without = (state: AccessState): AccessState => ({
    ...state,
    rules: state.rules.filter((one) => !isForName(one)),
  });
  return {
    before: loginSimulator(before),
    after: afterwards(before, after),
    groundBefore: groundsOf(before),
    groundAfter: groundsOf(after),
    passedOver: hasNames ? bothOf(without(before), without(after)) : null,
  };
}

/** Who gets in where it comes now: a server that is gone from there lets in nobody. */
function afterwards(before: AccessState, after: AccessState): Simulator {
  const [simulate, gone, fewer] = [loginSimulator(after), goneFrom(before, after), fewerConnections(before, after)];
  return (principal) => {
    const access = simulate(principal);
    if (access.kind === 'denied') return access;
    return gone(principal) ?? (access.kind === 'allowed' ? fewer(principal, access) : null) ?? access;
  };
}

function isForName({ rule }: FileRule): boolean {
  return rule?.address?.kind === 'name';
}

/** Never shown: options may be secrets. */
function groundOf({ maps = [] }: AccessState, { method, options }: HbaRule): string {
  const lines = maps.filter(({ map }) => map === null || map.map === options['map']);
  return JSON.stringify([method, options, lines.map(({ map, error }) => map ?? error)]);
}

function groundsOf(state: AccessState): (where: Place | null) => string {
  const known = new Map<string, string>();
  return (where) => {
    const rule = ruleAt(state, where);
    if (rule === null) return '';
    const key = `${rule.file}:${rule.line}`;
    const ground = known.get(key) ?? groundOf(state, rule);
    known.set(key, ground);
    return ground;
  };
}

/** null: unchanged. Without why. */
function changeOf(both: Both, asked: Asked, addresses: ReturnType<PointsOf>): AccessChange | null {
  if (addresses === null) {
    const nobodyKnows: Access = {
      kind: 'unknown',
      why: `"${asked.from}" is not an address that can be told`,
      where: null,
    };
    return {
      ...asked,
      verdict: 'unknown',
      example: asked.from ?? '',
      before: nobodyKnows,
      after: nobodyKnows,
      because: [],
    };
  }
  const points = addresses.map((address): Point => {
    const { user, database, tls, replication = false, systemUser } = asked;
    const principal: Principal = {
      user,
      database,
      address,
      tls: tls && address !== null,
      replication,
      ...(systemUser === undefined ? {} : { systemUser }),
    };
    const example = address === null ? 'local' : printAddress(address);
    return { example, ...compared(both, asked, principal) };
  });
  const found = decisive(asked, points);
  if (found === null) return null;
  const { needs: _, ...principal } = asked;
  return { ...principal, ...found, because: [] };
}

/** Of several addresses: one that loses speaks for all, unless nobody has said from where they come. */
function decisive({ from }: Asked, points: readonly Point[]): (Point & Pick<AccessChange, 'verdict'>) | null {
  const first = (verdict: AccessChange['verdict']): (Point & Pick<AccessChange, 'verdict'>) | null => {
    const point = points.find((one) => one.verdict === verdict);
    return point === undefined ? null : { ...point, verdict };
  };
  const lost = first('lost');
  const stays = points.some(({ after }) => after.kind === 'allowed');
  if (lost !== null && from === null && stays) return { ...lost, verdict: 'unknown' };
  return lost ?? first('unknown') ?? first('gained');
}

function compared(both: Both, asked: Asked, principal: Principal): Omit<Point, 'example'> {
  const [before, after] = [both.before(principal), both.after(principal)];
  const verdict = verdictOf(asked, before, after);
  // A client that was seen with TLS, or without, may take the other way: most prefer one and require none.
  if (verdict === 'lost' && principal.address !== null && !isSaid(asked)) {
    const other = both.after({ ...principal, tls: !principal.tls });
    return { before, after, verdict: other.kind === 'denied' ? 'lost' : 'unknown' };
  }
  if (verdict !== 'unchanged' || before.kind !== 'unknown' || after.kind !== 'unknown')
    return { before, after, verdict };
  const isSame = both.groundBefore(before.where) === both.groundAfter(after.where);
  // Where the rule that nobody can tell of is for somebody else, what comes behind it decides.
  const behind = both.passedOver === null ? 'unchanged' : compared(both.passedOver, asked, principal).verdict;
  const mayLose = behind === 'lost' || behind === 'unknown';
  return { before, after, verdict: isSame && !mayLose ? 'unchanged' : 'unknown' };
}

/** Somebody has written down how it comes. */
function isSaid({ source }: Asked): boolean {
  return source === 'declared' || source === 'check' || source === 'knowngood';
}

function verdictOf({ source }: Asked, before: Access, after: Access): Point['verdict'] {
  // Who was seen was let in, whatever cannot be told about how.
  const open = before.kind === 'allowed' || (before.kind === 'unknown' && source !== 'declared');
  if (after.kind === 'denied') return open || before.kind === 'unknown' ? 'lost' : 'unchanged';
  if (after.kind === 'allowed') return before.kind === 'denied' ? 'gained' : 'unchanged';
  if (before.kind === 'unknown') return before.why === after.why ? 'unchanged' : 'unknown';
  return before.kind === 'denied' ? 'gained' : 'unknown';
}
