/** Maps of pg_ident.conf, and the rows that `pg_ident_file_mappings` (15 and later) shows for it. */
import type { FileView } from '../conf/conf-tree.ts';
import type { HbaToken } from '../hba/tokens.ts';
import { type AuthLine, readAuthFile } from './auth-file.ts';
import { regexProblem } from './regex.ts';

export interface IdentMap {
  readonly map: string;
  readonly systemUser: HbaToken;
  readonly databaseUser: HbaToken;
}

export interface IdentLine {
  readonly line: AuthLine;
  /** null: it does not load, and then none of the file does. */
  readonly map: IdentMap | null;
  readonly error: string | null;
}

/** As 16 shows it; 15 has neither number nor file. */
export interface IdentRow {
  readonly map_number: number | null;
  readonly file_name: string;
  readonly line_number: number;
  readonly map_name: string | null;
  readonly sys_name: string | null;
  readonly pg_username: string | null;
  readonly error: string | null;
}

export function readIdent(main: string, view: FileView, versionNum: number): readonly IdentLine[] {
  return readAuthFile(main, view, versionNum).map((line) => ({ line, ...parsed(line, versionNum) }));
}

function parsed({ fields, error }: AuthLine, versionNum: number): Pick<IdentLine, 'map' | 'error'> {
  if (error !== null) return { map: null, error };
  const tokens: HbaToken[] = [];
  for (let at = 0; at < 3; at += 1) {
    const field = fields[at];
    const [token] = field ?? [];
    if (field === undefined || token === undefined) return { map: null, error: 'missing entry at end of line' };
    if (field.length > 1) return { map: null, error: 'multiple values in ident field' };
    tokens.push(token);
  }
  const [map, systemUser, databaseUser] = tokens as [HbaToken, HbaToken, HbaToken];
  const wrong = regexProblem(systemUser.text) ?? (versionNum >= 160000 ? regexProblem(databaseUser.text) : null);
  return wrong === null
    ? { map: { map: map.text, systemUser, databaseUser }, error: null }
    : { map: null, error: wrong };
}

export function identRowsOf(lines: readonly IdentLine[]): readonly IdentRow[] {
  let number = 0;
  return lines.map(({ line, map, error }) => ({
    map_number: error === null ? (number += 1) : null,
    file_name: line.file,
    line_number: line.line,
    map_name: map?.map ?? null,
    sys_name: map?.systemUser.text ?? null,
    pg_username: map?.databaseUser.text ?? null,
    error,
  }));
}
