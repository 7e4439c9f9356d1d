/** Why a database could not be read, in words that stay the same, and what would change that. */
import pg from 'pg';
import type { DatabaseCatalog, DatabaseEntry } from '../../../domain/catalog.ts';
import type { Problem } from '../../../domain/problem.ts';
import { quoteName } from '../../../domain/revert/sql/quote.ts';
import { codeOf, messageOf } from '../target-error.ts';
import { invalid } from './shared-queries.ts';

export interface DatabaseName {
  readonly name: string;
  readonly allowConnections: boolean;
  readonly invalid: boolean;
  readonly connect: boolean;
  readonly here: boolean;
}

export const notAllowed = 'it allows no connections';

/** Known before anybody tries; null: it can be tried. */
export function closedTo(
  user: string,
  { name, allowConnections, invalid: broken, connect }: DatabaseName,
): string | null {
  if (!allowConnections) return notAllowed;
  if (broken) return `it is invalid, for dropping it was cut off: drop database ${quoteName(name)}`;
  return connect
    ? null
    : `role "${user}" may not connect: grant connect on database ${quoteName(name)} to ${quoteName(user)}`;
}

/** null: the server did not refuse, it failed; what is read then would be half a snapshot. */
export function refusal(error: unknown, user: string, database: string): string | null {
  switch (codeOf(error)) {
    case '28000':
      return `the server lets role "${user}" in to other databases only: add a rule for ${quoteName(database)} to pg_hba.conf`;
    case '28P01':
      return `the server refuses the password of role "${user}" here: correct the rule for ${quoteName(database)} in pg_hba.conf`;
    case '42501':
      return withGrant(messageOf(error), user);
    case '3D000':
      return 'it was dropped or renamed while it was read';
    case '53300':
      return 'no connection was left for it: raise its connection limit, or that of the role or the server';
    case '55P03':
      return 'a lock on one of its tables with policies kept it from being read for 5 s: try again';
    case '57014':
      return 'reading it took longer than 25 s: try again when the server has less to do';
    default:
      return null;
  }
}

/** At the door, what is no failure of the server is the database's own doing: from 17 on it may have login triggers. */
export function turnedAway(error: unknown, user: string): string | null {
  const failing = /^(08|53|57|58|F0|XX)/;
  if (!(error instanceof pg.DatabaseError) || failing.test(error.code ?? 'XX')) return null;
  return `it turns role ${quoteName(user)} away, perhaps by an event trigger on login: ${error.message}`;
}

/** The server names what it denied, in its own language; in English it is known what to grant. */
function withGrant(message: string, user: string): string {
  const [, kind, name] = /permission denied for (table|view|function) (\S+)$/.exec(message) ?? [];
  if (kind === undefined || name === undefined) return message;
  const what = kind === 'function' ? `execute on function ${name}` : `select on ${name}`;
  return `${message}: grant ${what} to ${quoteName(user)}`;
}

/**
 * A snapshot that does not know what a database holds is no known-good; template0 is closed to everybody, on purpose, and
 * nobody can do anything with an invalid one but drop it.
 */
export function unreadProblems(
  catalogs: readonly DatabaseCatalog[],
  databases: readonly DatabaseEntry[],
): readonly Problem[] {
  const closed = new Set(
    databases
      .filter(({ allowConnections, connectionLimit }) => !allowConnections || connectionLimit === invalid)
      .map(({ name }) => name),
  );
  return catalogs.flatMap(({ database, unread }) =>
    unread === null || closed.has(database)
      ? []
      : [
          {
            code: 'database-unread',
            message: `the privileges in database "${database}" could not be read`,
            detail: unread,
            hint: 'Until they can, a change of them is neither noticed nor reverted.',
          },
        ],
  );
}
