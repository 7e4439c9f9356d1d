/** Whom a drift hits, or would: what the simulation says, and who is connected. Pure. */
import {
  type AccessChange,
  type AccessImpact,
  type Asked,
  type DependentsHit,
  hitAmong,
  isGuarded,
  isOfDependent,
} from '../access/impact.ts';
import { parseAddress } from '../access/address.ts';
import { decidesAccess } from '../conf/settings.ts';
import { shorten } from '../markdown.ts';
import { decidesOrRuns } from '../plan/decides.ts';
import { principalText } from '../plan/risk.ts';
import type { Connected, Drift, DriftItem } from './drift.ts';

/** Each list, so that an answer stays a small payload. */
const mostShown = 8;
const mostNames = 8;
const mostReasons = 2;
const longestWords = 200;

export function fitImpact(impact: AccessImpact): AccessImpact {
  const { lost, gained, unknown, widened } = impact;
  const fit = (all: readonly AccessChange[]): AccessChange[] =>
    all.slice(0, mostShown).map((one) => ({
      ...one,
      who: one.who.slice(0, mostNames),
      because: one.because.slice(0, mostReasons).map((text) => shorten(text, longestWords)),
    }));
  const left = [lost, gained, unknown, widened].reduce((sum, { length }) => sum + Math.max(0, length - mostShown), 0);
  return {
    ...impact,
    lost: fit(lost),
    gained: fit(gained),
    unknown: fit(unknown),
    widened: widened.slice(0, mostShown),
    more: impact.more + left,
    ...(Math.max(lost.length, unknown.length) > mostShown ? { hit: impact.hit ?? hitAmong(impact) } : {}),
  };
}

/** Names of the dependents that lose access, or may. */
export function dependentsHit({ access }: Pick<Drift, 'access'>): readonly string[] {
  const { login, privileges, unknown } = allHit(access);
  return [...new Set([...login, ...privileges, ...unknown])].sort();
}

function allHit(access: AccessImpact | null): DependentsHit {
  return access?.hit ?? hitAmong(access ?? { lost: [], unknown: [] });
}

/** `loses`: what decides it is in force. `would-lose`: once what waits on the disk is loaded. */
export type Hit = 'loses' | 'would-lose' | 'may-lose';

/** Of each dependent in `dependentsHit` the gravest that is true of it. */
export function hitsOfDependents({
  access,
  items,
  moreItems,
}: Pick<Drift, 'access' | 'items' | 'moreItems'>): ReadonlyMap<string, Hit> {
  // What is not shown may be in force.
  const isInForce = (of: ReadonlySet<string>): boolean =>
    moreItems > 0 || items.some((item) => item.force === 'in-force' && of.has(item.section) && decidesWho(item));
  const hits = new Map<string, Hit>();
  const say = (names: readonly string[], hit: Hit): void => {
    for (const name of names) {
      const had = hits.get(name);
      if (had === undefined || gravity.indexOf(hit) < gravity.indexOf(had)) hits.set(name, hit);
    }
  };
  const { login, privileges, unknown } = allHit(access);
  say(login, isInForce(decideLogin) ? 'loses' : 'would-lose');
  say(privileges, isInForce(decidePrivileges) ? 'loses' : 'would-lose');
  say(unknown, 'may-lose');
  return hits;
}

const gravity: readonly Hit[] = ['loses', 'would-lose', 'may-lose'];

const decideLogin: ReadonlySet<string> = new Set(['files', 'settings', 'roles', 'memberships', 'databases']);
const decidePrivileges: ReadonlySet<string> = new Set(['roles', 'memberships', 'databases', 'shared', 'catalogs']);

/** Beside it what merely runs something: a command in force locks nobody out. */
function decidesWho({ section, key, role }: DriftItem): boolean {
  if (section === 'settings') return decidesAccess(key.slice(key.indexOf(':') + 1));
  return decidesOrRuns(section, key, role);
}

/** A sentence each, the gravest first. */
export function hitSentences({ access }: Pick<Drift, 'access'>): readonly string[] {
  if (access === null) return ['who is affected cannot be told'];
  const say = (verb: string) => (change: AccessChange) =>
    [`${principalText(change)} ${verb}`, ...change.because].join('; ');
  const { lost, unknown, widened, fewer, gained } = access;
  const sorted = lost.toSorted((a, b) => weight(b) - weight(a));
  return [
    ...sorted.map(say('loses access')),
    ...unknown.map(say('may lose access')),
    ...(fewer === undefined ? [] : [`${fewer.after} connections for everybody but superusers, ${fewer.before} before`]),
    ...widened.map(({ text }) => text),
    ...gained.map(say('gains access')),
  ];
}

function weight(change: AccessChange): number {
  return isGuarded(change) ? 2 : isOfDependent(change) ? 1 : 0;
}

/** Which dependents a session belongs to, by what they declare. */
export function dependentsOf(
  { user, database, address }: Omit<Connected, 'dependents'>,
  asked: readonly Asked[],
): readonly string[] {
  const fits = asked.filter(
    (one) => isOfDependent(one) && one.user === user && one.database === database && comesFrom(one, address),
  );
  return [...new Set(fits.flatMap(({ who }) => who))].sort();
}

/** A network is not looked into: the role and the database say who it is. */
function comesFrom({ from }: Asked, address: string | null): boolean {
  if (from === null || from.includes('/')) return true;
  if (from === 'local') return address === null;
  const [one, other] = [parseAddress(from), address === null ? null : parseAddress(address)];
  return one === null || other === null ? from === address : JSON.stringify(one) === JSON.stringify(other);
}

/** `image_svc to shop from 10.2.0.7, 3 sessions (image-service)`. */
export function connectedText({ user, database, address, sessions, dependents }: Connected): string {
  const who = dependents.length === 0 ? '' : ` (${dependents.join(', ')})`;
  const from = address === null ? 'the socket' : address;
  return `${user} to ${database} from ${from}, ${sessions} session${sessions === 1 ? '' : 's'}${who}`;
}
