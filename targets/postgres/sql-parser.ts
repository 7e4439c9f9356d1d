/** What PostgreSQL's own parser (of major 18, as WebAssembly) makes of SQL. */
import type { parseSync as ParseSync } from 'libpg-query';
import type { SqlEntry } from '../../domain/change.ts';
import type { ParsedSql } from '../../domain/plan/context.ts';

export async function parseSql(entries: readonly SqlEntry[]): Promise<readonly ParsedSql[]> {
  if (entries.length === 0) return [];
  // Many megabytes that most agents never need.
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  return entries.map((entry) => ({ ...entry, statements: statementsOf(entry.statement, parseSync) }));
}

function statementsOf(sql: string, parseSync: typeof ParseSync): ParsedSql['statements'] {
  // The parser takes an empty text for a mistake of its caller.
  if (sql.trim() === '') return [];
  try {
    return (parseSync(sql).stmts ?? []).flatMap(({ stmt }) => (stmt === undefined ? [] : [stmt]));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
