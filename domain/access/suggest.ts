/** From who was seen to connect to the dependents that a configuration should name. Pure; it adds nothing to what was seen. */
import type { AccessDeclaration } from '../config.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import { isInNetwork, networksOf } from './networks.ts';
import { type ObservedPrincipal, ownApplications } from './observed.ts';

export interface Suggestion {
  readonly user: string;
  readonly database: string;
  readonly access: readonly SuggestedAccess[];
  /** Names that its connections give themselves, sorted. */
  readonly applications: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Connections. */
  readonly count: number;
}

export interface SuggestedAccess {
  /** null: over the socket. */
  readonly from: string | null;
  readonly tls: boolean;
  /** Seen in `from`, sorted. */
  readonly addresses: readonly string[];
  readonly count: number;
}

export interface LeftOut {
  readonly user: string;
  readonly why: 'a superuser' | 'Knowngood itself' | 'replication' | 'declared already';
}

export interface Suggested {
  /** One for each user and database, sorted. */
  readonly suggestions: readonly Suggestion[];
  /** Sorted, each user and reason once. */
  readonly leftOut: readonly LeftOut[];
}

export interface Known {
  readonly superusers: ReadonlySet<string>;
  /** As whom the agent and the orchestrator connect. */
  readonly ownUsers: ReadonlySet<string>;
  /** Of the dependents that use this target. */
  readonly declared: readonly Omit<AccessDeclaration, 'needs'>[];
}

export function suggestDependents(principals: readonly ObservedPrincipal[], known: Known): Suggested {
  const services = new Map<string, ObservedPrincipal[]>();
  const leftOut = new Map<string, LeftOut>();
  for (const one of principals) {
    const why = whyLeftOut(one, known);
    if (why !== null) leftOut.set(JSON.stringify([one.user, why]), { user: one.user, why });
    else {
      const key = JSON.stringify([one.user, one.database]);
      services.set(key, [...(services.get(key) ?? []), one]);
    }
  }
  return {
    suggestions: [...services.values()]
      .flatMap(suggestionOf)
      .sort((a, b) => byCodeUnit(a.user, b.user) || byCodeUnit(a.database, b.database)),
    leftOut: [...leftOut.values()].sort((a, b) => byCodeUnit(a.user, b.user) || byCodeUnit(a.why, b.why)),
  };
}

function whyLeftOut(one: ObservedPrincipal, { superusers, ownUsers, declared }: Known): LeftOut['why'] | null {
  if (ownApplications.includes(one.applicationName)) return 'Knowngood itself';
  // A standby is no dependent, and no check can be one for it.
  if (one.replication) return 'replication';
  if (superusers.has(one.user)) return 'a superuser';
  if (ownUsers.has(one.user)) return 'Knowngood itself';
  return declared.some((access) => isDeclared(one, access)) ? 'declared already' : null;
}

function isDeclared({ user, database, address, tls }: ObservedPrincipal, access: Known['declared'][number]): boolean {
  if (access.user !== user || access.database !== database || access.tls !== tls) return false;
  if (access.from === null) return true;
  return access.from === 'local' ? address === null : address !== null && isInNetwork(address, access.from);
}

function suggestionOf(own: readonly ObservedPrincipal[]): readonly Suggestion[] {
  const [first] = own;
  if (first === undefined) return [];
  const { user, database } = first;
  const applications = new Set(own.map(({ applicationName }) => applicationName).filter((name) => name !== ''));
  return [
    {
      user,
      database,
      access: [true, false].flatMap((tls) => accessOf(own, tls)),
      applications: [...applications].sort(byCodeUnit),
      firstSeen: Math.min(...own.map(({ firstSeen }) => firstSeen)),
      lastSeen: Math.max(...own.map(({ lastSeen }) => lastSeen)),
      count: sum(own),
    },
  ];
}

function accessOf(own: readonly ObservedPrincipal[], wantedTls: boolean): readonly SuggestedAccess[] {
  const such = own.filter(({ tls }) => tls === wantedTls);
  const bySocket = such.filter(({ address }) => address === null);
  const networks = networksOf(such.flatMap(({ address }) => address ?? []));
  return [
    ...networks.map(({ network, addresses }) => ({
      from: network,
      tls: wantedTls,
      addresses,
      count: sum(such.filter(({ address }) => address !== null && addresses.includes(address))),
    })),
    ...(bySocket.length > 0 ? [{ from: null, tls: wantedTls, addresses: [], count: sum(bySocket) }] : []),
  ];
}

function sum(principals: readonly ObservedPrincipal[]): number {
  return principals.reduce((total, { count }) => total + count, 0);
}
