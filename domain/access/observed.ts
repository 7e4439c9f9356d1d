/**
 * Who was seen to connect: distinct principals with the first and the last time and the number of connections, from looks
 * at the open sessions and from lines of the server's log. Pure and bounded; what to make of it is said elsewhere.
 */
import { shorten } from '../markdown.ts';
import type { Problem } from '../problem.ts';
import { parseAddress, printAddress } from './address.ts';

export interface ObservedPrincipal {
  readonly user: string;
  /** Of a physical replication connection, which has none, the word that pg_hba.conf has for it: `replication`. */
  readonly database: string;
  /** As the server prints it; null: over the socket. */
  readonly address: string | null;
  readonly tls: boolean;
  /** A walsender: physical with the database `replication`, logical with the database that it decodes. */
  readonly replication: boolean;
  /** As one of its connections called itself last, shortened; empty: none did. */
  readonly applicationName: string;
  /** Unix ms, the agent's clock. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Connections, not looks: one that stays open counts once. */
  readonly count: number;
}

/** Whose a connection is. */
export interface SeenPrincipal {
  readonly user: string;
  /** null: a physical replication connection. */
  readonly database: string | null;
  /** As the server printed it; null: over the socket. */
  readonly address: string | null;
  readonly tls: boolean;
  readonly replication: boolean;
  readonly applicationName: string;
}

/** A line of the log. */
export interface SeenConnection extends SeenPrincipal {
  readonly pid: number;
}

/** The open sessions of one principal, taken together. */
export interface SeenSessions extends SeenPrincipal {
  /** Those that may not have been seen before. `startedAt`, Unix ms, is `backend_start`: with the pid it tells one from the next. */
  readonly started: readonly { readonly pid: number; readonly startedAt: number }[];
}

/** One look at a server. */
export interface Observation {
  /** null: they could not be looked at now. */
  readonly sessions: readonly SeenSessions[] | null;
  /** Connections that the server's log told of since the last look, oldest first. */
  readonly logged: readonly SeenConnection[];
  /** What could not be seen, and what mends it. */
  readonly problems: readonly Problem[];
}

/** The database of a physical replication connection. */
export const replicationDatabase = 'replication';

/** Enough to tell one application from another. */
const longestApplicationName = 64;

/** A server with more principals than these gives each client an address of its own. */
export const mostPrincipals = 10_000;

/** Of the log, between two looks. */
const mostConnections = 20_000;

/** Beyond two intervals: the log's writer and the clock of the server may lag a little. */
const lagMs = 10_000;

export interface Aggregator {
  add(seen: Observation, now: number): void;
  /** What was seen since the last `take`, and how many connections of further principals found no room. */
  take(): Taken;
  /** What was taken could not be kept: it is in the next `take`, with what was seen meanwhile. */
  putBack(principals: readonly ObservedPrincipal[]): void;
}

export interface Taken {
  readonly principals: readonly ObservedPrincipal[];
  readonly left: number;
}

/** What is known of the connection that a pid stands for. */
interface Known {
  readonly user: string;
  /** null: so far only the log has told of it. */
  readonly startedAt: number | null;
  /** When the log's line or the session was seen last. */
  readonly at: number;
  /** The log has told of it: its next line with this pid is another connection. */
  readonly logged: boolean;
}

/** `intervalMs`: between two looks. `most`: distinct principals kept until they are taken. */
export function createAggregator(intervalMs: number, most: number = mostPrincipals): Aggregator {
  /** So long a session and a line of the log with one pid and one user are taken for the same connection. */
  const sameMs = 2 * intervalMs + lagMs;
  const known = new Map<number, Known>();
  let principals = new Map<string, ObservedPrincipal>();
  let left = 0;

  function keep(one: ObservedPrincipal): void {
    const key = keyOf(one);
    const before = principals.get(key);
    if (before === undefined && principals.size >= most) left += one.count;
    else principals.set(key, before === undefined ? one : merged(before, one));
  }

  function addSessions(sessions: SeenSessions, now: number): void {
    const isNew = sessions.started.map(({ pid, startedAt }) => noteSession(sessions.user, pid, startedAt, now));
    keep(principalOf(sessions, now, isNew.filter(Boolean).length));
  }

  /** Whether it counts. */
  function noteSession(user: string, pid: number, startedAt: number, now: number): boolean {
    const before = known.get(pid);
    const again = before?.startedAt === startedAt;
    const told = before?.startedAt === null && before.user === user && Math.abs(before.at - startedAt) < sameMs;
    known.set(pid, { user, startedAt, at: now, logged: told || (again && before.logged) });
    return !again && !told;
  }

  function addLogged(connection: SeenConnection, now: number): void {
    const { pid, user } = connection;
    const before = known.get(pid);
    const seen = before !== undefined && !before.logged && before.user === user;
    if (seen && before.startedAt !== null && now - before.startedAt < sameMs) {
      known.set(pid, { ...before, logged: true });
      return;
    }
    keep(principalOf(connection, now, 1));
    if (known.size < mostConnections) known.set(pid, { user, startedAt: null, at: now, logged: true });
  }

  return {
    add({ sessions, logged }, now) {
      // The sessions first: they say of a replication connection what the log does not.
      for (const one of sessions ?? []) addSessions(one, now);
      for (const connection of logged) addLogged(connection, now);
      for (const [pid, { at, startedAt }] of known) {
        const mayBeOpen = sessions === null && startedAt !== null;
        if (!mayBeOpen && Math.abs(now - at) >= sameMs) known.delete(pid);
      }
    },
    take() {
      const taken = { principals: [...principals.values()], left };
      principals = new Map();
      left = 0;
      return taken;
    },
    putBack(taken) {
      for (const one of taken) keep(one);
    },
  };
}

/** As Knowngood's own connections call themselves: in checks and witnesses they come as the service does, and are not it. */
export const ownApplications: readonly string[] = [
  'knowngood agent',
  'knowngood store',
  'knowngood-probe',
  'knowngood witness',
];

/** The later name, unless it says less than the other; the earliest and the latest time; the sum of the connections. */
export function merged(a: ObservedPrincipal, b: ObservedPrincipal): ObservedPrincipal {
  const [early, late] = a.lastSeen <= b.lastSeen ? [a, b] : [b, a];
  return {
    ...late,
    applicationName: saysLittle(late.applicationName)
      ? early.applicationName || late.applicationName
      : late.applicationName,
    firstSeen: Math.min(a.firstSeen, b.firstSeen),
    count: a.count + b.count,
  };
}

function saysLittle(name: string): boolean {
  return name === '' || ownApplications.includes(name);
}

export function keyOf({ user, database, address, tls, replication }: ObservedPrincipal): string {
  return JSON.stringify([user, database, address, tls, replication]);
}

function principalOf(seen: SeenPrincipal, now: number, count: number): ObservedPrincipal {
  const { user, database, tls, replication, applicationName } = seen;
  const address = seen.address === null ? null : parseAddress(seen.address);
  return {
    user,
    database: database ?? replicationDatabase,
    address: address === null ? seen.address : printAddress(address),
    tls,
    replication,
    applicationName: shorten(applicationName, longestApplicationName),
    firstSeen: now,
    lastSeen: now,
    count,
  };
}
