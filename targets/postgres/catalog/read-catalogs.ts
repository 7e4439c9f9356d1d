/** Every database's catalogs: the connected one by the open session, the others side by side. */
import type { DatabaseCatalog, DatabaseEntry } from '../../../domain/catalog.ts';
import type { Session, SqlChannel } from '../sql-channel.ts';
import { type ParseAcl, aclParser } from './acl.ts';
import { readDatabase, unreadDatabase } from './read-database.ts';
import { namesQuery } from './shared-queries.ts';
import { type DatabaseName, closedTo, refusal, turnedAway } from './unread.ts';

/** Beside the session that is open already: four in all. */
const otherConnections = 3;

/**
 * What cannot be read says why; throws when the server fails rather than refuses. `meanwhile` is what the open session
 * reads next, while other databases are still being read.
 */
export async function readCatalogs<T>(
  sql: SqlChannel,
  session: Session,
  meanwhile: () => Promise<T>,
): Promise<readonly [readonly DatabaseCatalog[], T]> {
  const parse = aclParser();
  const { user } = sql.endpoint;
  const names = await session.rows<DatabaseName & Record<string, unknown>>(namesQuery);
  const here = names.filter((database) => database.here);
  const others = names.filter((database) => !database.here);
  const read: DatabaseCatalog[] = [];
  const readNext = async (): Promise<void> => {
    for (let next = others.shift(); next !== undefined; next = others.shift())
      read.push(await readOther(sql, user, next, parse));
  };
  const ours = async (): Promise<T> => {
    for (const { name } of here) read.push(await orRefused(user, name, () => readDatabase(session, name, parse)));
    return meanwhile();
  };
  const [answer] = await Promise.all([ours(), ...Array.from({ length: otherConnections }, readNext)]);
  return [read, answer];
}

async function readOther(
  sql: SqlChannel,
  user: string,
  database: DatabaseName,
  parse: ParseAcl,
): Promise<DatabaseCatalog> {
  const { name } = database;
  const closed = closedTo(user, database);
  if (closed !== null) return unreadDatabase(name, closed);
  let isIn = false;
  const read = (session: Session): Promise<DatabaseCatalog> => {
    isIn = true;
    return readDatabase(session, name, parse);
  };
  const atTheDoor = (error: unknown): string | null => (isIn ? null : turnedAway(error, user));
  return orRefused(user, name, () => sql.elsewhere(name, read), atTheDoor);
}

async function orRefused(
  user: string,
  database: string,
  read: () => Promise<DatabaseCatalog>,
  otherwise: (error: unknown) => string | null = () => null,
): Promise<DatabaseCatalog> {
  try {
    return await read();
  } catch (error) {
    const why = refusal(error, user, database) ?? otherwise(error);
    if (why === null) throw error;
    return unreadDatabase(database, why);
  }
}

/** One for each database that the snapshot knows, in its order: others came or went while they were read. */
export function catalogsOf(
  read: readonly DatabaseCatalog[],
  databases: readonly DatabaseEntry[],
): readonly DatabaseCatalog[] {
  const known = new Map(read.map((catalog) => [catalog.database, catalog]));
  return databases.map(
    ({ name }) => known.get(name) ?? unreadDatabase(name, 'it was created or renamed while others were read'),
  );
}
