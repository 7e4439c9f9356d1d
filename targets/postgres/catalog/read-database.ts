/** One database's catalogs, read in one transaction and one round trip. */
import type { DatabaseCatalog } from '../../../domain/catalog.ts';
import type { Session } from '../sql-channel.ts';
import type { ParseAcl } from './acl.ts';
import { defaultsQuery, extensionsQuery, rowSecurityQuery } from './database-queries.ts';
import { objectsQuery } from './object-queries.ts';
import {
  type DefaultRow,
  type ExtensionRow,
  type ObjectRow,
  type RowSecurityRow,
  defaultEntries,
  extensionEntries,
  objectEntries,
  rowSecurityEntries,
} from './rows.ts';
import { begin } from './steady.ts';

const queries = [objectsQuery, defaultsQuery, rowSecurityQuery, extensionsQuery];
const script = [...begin, ...queries, 'commit'].join(';');

export async function readDatabase(session: Session, database: string, parse: ParseAcl): Promise<DatabaseCatalog> {
  const results = await session.script(script).catch(async (error: unknown) => {
    await session.script('rollback').catch(() => undefined);
    throw error;
  });
  const rows = (nth: number): unknown => {
    const answers = (results[begin.length + nth]?.rows ?? []) as readonly { readonly json: string }[];
    return JSON.parse(answers[0]?.json ?? '[]');
  };
  return {
    database,
    unread: null,
    objects: objectEntries(rows(0) as ObjectRow[], parse),
    defaults: defaultEntries(rows(1) as DefaultRow[], parse),
    rowSecurity: rowSecurityEntries(rows(2) as RowSecurityRow[]),
    extensions: extensionEntries(rows(3) as ExtensionRow[]),
  };
}

export function unreadDatabase(database: string, why: string): DatabaseCatalog {
  return { database, unread: why, objects: [], defaults: [], rowSecurity: [], extensions: [] };
}
