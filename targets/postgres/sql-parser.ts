/** What PostgreSQL's own parser (of major 18, as WebAssembly) makes of SQL. */
import { loadModule, parseSync } from 'libpg-query';
import type { SqlEntry } from '../../domain/change.ts';
import type { ParsedSql } from '../../domain/plan/context.ts';

export async function parseSql(entries: readonly SqlEntry[]): Promise<readonly ParsedSql[]> {
  if (entries.length > 0) await loadModule();
  return entries.map((entry) => ({ ...entry, statements: statementsOf(entry.statement) }));
}

function statementsOf(sql: string): ParsedSql['statements'] {
  // The parser takes an empty text for a mistake of its caller.
  if (sql.trim() === '') return [];
  try {
    return (parseSync(sql).stmts ?? []).flatMap(({ stmt }) => (stmt === undefined ? [] : [stmt]));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
