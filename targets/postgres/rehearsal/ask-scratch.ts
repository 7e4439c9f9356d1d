/** What the server's own program says of a candidate, before and after it is started. */
import pg from 'pg';
import { effectiveAssignments } from '../../../domain/conf/conf-tree.ts';
import type { Problem } from '../../../domain/problem.ts';
import { fileError, hbaErrors, identErrors } from '../dirty.ts';
import {
  type FileSettingRow,
  type HbaRow,
  type IdentRow,
  fileSettingsQuery,
  hbaQuery,
  identQuery,
} from '../queries.ts';
import { TargetError, messageOf } from '../target-error.ts';
import type { Configuration } from './candidate.ts';
import { whyKept } from './neutral.ts';
import type { PrivateTree } from './private-tree.ts';
import type { Scratch } from './scratch.ts';
import { whyNotStarted } from './server-log.ts';

export async function readProblems(reader: Scratch, candidate: Configuration): Promise<readonly Problem[]> {
  const { code, stderr } = await reader.ask('shared_buffers');
  if (code === 0) return [];
  return reader.inOwnWords(whyNotStarted(stderr)).map((problem) => located(problem, candidate));
}

/** `invalid value for parameter "x": "y"` has no file and line: the assignment that wins is the one that is meant. */
function located(problem: Problem, { conf }: Configuration): Problem {
  const [, name] = /parameter "([^"]+)"/.exec(problem.message) ?? [];
  const place = name === undefined ? undefined : effectiveAssignments(conf).get(name.toLowerCase());
  if (place === undefined || problem.message.includes(` line ${place.line}`)) return problem;
  return { ...problem, message: `${place.file} line ${place.line}: ${problem.message}` };
}

/** From 15 on one setting is computed by doing all that a start does before it takes memory. null: only a start tells. */
export async function loadProblems(scratch: Scratch, versionNum: number): Promise<readonly Problem[] | null> {
  if (versionNum < 150_000) return null;
  const { code, stderr } = await scratch.ask('shared_memory_size');
  return code === 0 ? [] : scratch.inOwnWords(whyNotStarted(stderr));
}

export async function connect({ socketDir, port }: Scratch, { role }: PrivateTree): Promise<pg.Client> {
  const client = new pg.Client({
    host: socketDir,
    port,
    user: role,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // Not by the rules, which let it in first: by what every session loads.
    throw new TargetError('NotApplied', [
      {
        code: 'no-session',
        message: 'the candidate starts, and lets nobody in',
        detail: messageOf(error),
        hint: 'Every new connection would fail so.',
      },
    ]);
  }
  return client;
}

/** Line numbers are those of the file, and a file may be an included one. */
const hbaByFileQuery = `
  select line_number as line, type, error, file_name <> pg_catalog.current_setting('hba_file') as included
  from pg_catalog.pg_hba_file_rules`;

/** What the server itself makes of its files: the views read the disk. */
export async function fileProblems(
  client: pg.Client,
  scratch: Scratch,
  versionNum: number,
): Promise<readonly Problem[]> {
  const rows = async <T extends object>(sql: string): Promise<readonly T[]> => (await client.query(sql)).rows as T[];
  const settings = await rows<FileSettingRow>(fileSettingsQuery);
  const hba = await rows<HbaRow & { readonly included?: boolean }>(versionNum < 160_000 ? hbaQuery : hbaByFileQuery);
  const ident = versionNum >= 150_000 ? await rows<IdentRow>(identQuery) : [];
  const errors = settings
    .filter(({ error, name }) => error !== null && (name === null || whyKept(name) === null))
    .map(fileError);
  // The first line is a rule of our own.
  const rules = hba.slice(1).map((row) => (row.included === true ? row : { ...row, line: row.line - 1 }));
  return scratch.inOwnWords([...errors, ...hbaErrors({ hba: rules }), ...identErrors({ ident })]);
}

export async function methodsOf(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ method: string | null }>('select auth_method as method from pg_hba_file_rules');
  return new Set(rows.flatMap(({ method }) => method ?? []));
}
