/** Why a check fails, in terms of what the change did: its SQLSTATE and its principal, mapped to the items that explain it. */
import type { CheckSpec, Sample } from '../check.ts';
import { plainItem } from '../notify/plain-item.ts';
import type { PlanItem, PlanSummary } from '../plan.ts';
import { principalText } from '../plan/risk.ts';
import type { AccessChange } from './impact.ts';

export interface FailingCheck {
  readonly check: CheckSpec;
  readonly sample: Sample;
}

export interface Attribution {
  /** Checks that it explains. */
  readonly checks: readonly string[];
  /** Plain sentences. */
  readonly sentences: readonly string[];
  /** Keys of the items of the change, such as `file:/etc/…/pg_hba.conf`; empty: not known. */
  readonly items: readonly string[];
}

const mostItems = 5;

/** Empty: nothing in the change is known to explain it, and nothing is claimed. */
export function attribute(failing: readonly FailingCheck[], plan: PlanSummary): readonly Attribution[] {
  const found = new Map<string, Attribution>();
  for (const one of failing) {
    const because = explanation(one, plan);
    if (because === null) continue;
    const key = because.sentences.join('\n');
    const had = found.get(key)?.checks ?? [];
    found.set(key, { ...because, checks: [...had, one.check.name] });
  }
  return [...found.values()];
}

function explanation(failing: FailingCheck, plan: PlanSummary): Omit<Attribution, 'checks'> | null {
  const lost = lostBy(failing, plan);
  if (lost.length > 0)
    return {
      sentences: lost.map((change) => [`${principalText(change)} lost access`, ...change.because].join('; ')),
      items: itemsBehind(lost, plan).map(({ key }) => key),
    };
  const items = byClass(failing, plan).slice(0, mostItems);
  if (items.length === 0) return null;
  const { code, class: kind } = failing.sample;
  const said = code === null ? (kind ?? 'a failure') : `${code} (${kind ?? 'failure'})`;
  return {
    sentences: items.map((item) => `${said} fits this item of the change: ${plainItem(item)}`),
    items: items.map(({ key }) => key),
  };
}

/** Its own principal, else those of its dependent: a picture does not load because its service is not let in. */
function lostBy({ check }: FailingCheck, { access }: PlanSummary): readonly AccessChange[] {
  const gone = [...(access?.lost ?? []), ...(access?.unknown ?? [])].filter(({ after }) => after.kind !== 'allowed');
  const own =
    check.kind === 'sql' ? gone.filter(({ user, database }) => user === check.user && database === check.database) : [];
  const certain = (own.length > 0 ? own : gone.filter(({ who }) => who.includes(check.dependent))).filter(
    ({ verdict }) => verdict === 'lost',
  );
  // One principal is often asked about twice, by its declaration and by its check.
  return certain.filter((one, at) => certain.findIndex((other) => sameWay(one, other)) === at).slice(0, mostItems);
}

function sameWay(one: AccessChange, other: AccessChange): boolean {
  return one.user === other.user && one.database === other.database && one.because.join() === other.because.join();
}

/** What decides at the step at which each is stopped: the address, the rule, the role and its database, or a privilege. */
function itemsBehind(lost: readonly AccessChange[], { items }: PlanSummary): readonly PlanItem[] {
  const behind = items.filter((item) => item.action !== 'none' && lost.some((change) => isBehind(item, change)));
  return behind.slice(0, mostItems);
}

function isBehind({ key, section }: PlanItem, { need, user, database, before, after, because }: AccessChange): boolean {
  const id = key.slice(key.indexOf(':') + 1);
  const names = (name: string): boolean => mentions(key, name);
  if (need !== undefined) {
    const object = need.slice(need.lastIndexOf(' ') + 1).replace(/\(.*$/s, '');
    return (section === 'catalogs' && names(object)) || (isShared(section) && names(user));
  }
  if (after.kind === 'denied' && after.sqlState === null) return section === 'settings' && listening.has(id);
  // Beside the last sentence, which is the server's no, those of a rule that is another one now.
  const isRule = because.length > 1;
  if (isRule) return [before.where?.file, after.where?.file].includes(id) || key === 'setting:hba_file';
  return isShared(section) && (names(user) || names(database));
}

function isShared(section: PlanItem['section']): boolean {
  return section === 'roles' || section === 'databases' || section === 'memberships';
}

const listening: ReadonlySet<string> = new Set(['listen_addresses', 'port', 'ssl']);
const limits: ReadonlySet<string> = new Set([
  'max_connections',
  'superuser_reserved_connections',
  'reserved_connections',
]);
const timeouts: ReadonlySet<string> = new Set(['statement_timeout', 'lock_timeout', 'transaction_timeout']);

/** What of the change can make a failure of this class; the ones that name the principal first. */
function byClass({ check, sample }: FailingCheck, { items }: PlanSummary): readonly PlanItem[] {
  const settings = (names: ReadonlySet<string>): PlanItem[] =>
    items.filter(({ key }) => key.startsWith('setting:') && names.has(key.slice('setting:'.length)));
  const sections = (...names: readonly PlanItem['section'][]): PlanItem[] =>
    items.filter(({ section, action }) => action !== 'none' && names.includes(section));
  const named = (found: readonly PlanItem[]): readonly PlanItem[] => {
    if (check.kind !== 'sql') return found;
    const mine = found.filter(({ key, summary }) => mentions(key, check.user) || mentions(summary, check.user));
    return mine.length > 0 ? mine : found;
  };
  switch (sample.class) {
    case 'access':
      return named(sections('roles', 'memberships', 'databases'));
    case 'privilege':
      return named(sections('catalogs', 'memberships', 'roles', 'databases'));
    case 'limits':
      return [...settings(limits), ...named(sections('roles', 'databases'))];
    case 'missing-database':
      return sections('databases');
    case 'refused':
      return settings(listening);
    case 'tls':
      return items.filter(({ key }) => /^setting:ssl|\.(crt|key|pem|crl)$/.test(key));
    case 'timeout':
    case 'query':
      return settings(timeouts);
    default:
      return [];
  }
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w])`).test(text);
}
