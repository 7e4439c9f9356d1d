/**
 * Connections that the server's own log tells of (`log_connections`): those that come and go between two looks at the
 * sessions. Read where it can be read, from where it ended at the first look, a bounded piece at a time.
 */
import { open, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Sighting } from '../../domain/access/observed.ts';
import { type LogFormat, readConnections } from '../../domain/access/log-lines.ts';
import type { Session } from './session.ts';

export interface LogPlace {
  readonly path: string;
  readonly format: LogFormat;
}

const placeQuery = `
  select pg_catalog.current_setting('data_directory') as "dataDirectory",
         pg_catalog.current_setting('log_connections') as logs, pg_catalog.current_setting('log_line_prefix') as prefix,
         coalesce(case when pg_catalog.current_setting('server_version_num')::int >= 150000
                       then pg_catalog.pg_current_logfile('jsonlog') end) as json,
         pg_catalog.pg_current_logfile('csvlog') as csv, pg_catalog.pg_current_logfile('stderr') as text`;

interface PlaceRow {
  readonly [column: string]: unknown;
  readonly dataDirectory: string;
  readonly logs: string;
  readonly prefix: string;
  readonly json: string | null;
  readonly csv: string | null;
  readonly text: string | null;
}

/** null: it tells of no connections, collects no log, or the role may not know where. */
export async function logPlace(session: Session): Promise<LogPlace | null> {
  const [row] = await session.rows<PlaceRow>(placeQuery).catch(() => []);
  if (row === undefined || /^(off|false|no|0|)$/i.test(row.logs)) return null;
  const { json, csv, text, prefix, dataDirectory } = row;
  const kinds = [['jsonlog', json] as const, ['csvlog', csv] as const, ['stderr', text] as const];
  for (const [format, path] of kinds) {
    if (path === null) continue;
    // Without the process id nobody could tell which address a name came from.
    if (format === 'stderr' && !prefix.includes('[%p]')) return null;
    return { format, path: isAbsolute(path) ? path : join(dataDirectory, path) };
  }
  return null;
}

/** More in one look is a flood of lines, of which the rest is left out. */
const mostBytes = 1024 * 1024;

export class ConnectionLog {
  #at: { readonly path: string; offset: number; rest: string } | null = null;
  readonly #hosts = new Map<string, string>();

  /** A first look has found where it ends. */
  get isReading(): boolean {
    return this.#at !== null;
  }

  /** Empty at the first look at a file, and when it cannot be read. */
  async read({ path, format }: LogPlace): Promise<readonly Sighting[]> {
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size === null) {
      this.#at = null;
      return [];
    }
    if (this.#at === null) {
      this.#at = { path, offset: size, rest: '' };
      return [];
    }
    // Another file, or one that was cut: all of it is new.
    if (this.#at.path !== path || size < this.#at.offset) this.#at = { path, offset: 0, rest: '' };
    const from = Math.max(this.#at.offset, size - mostBytes);
    const text = await readPiece(path, from, size).catch(() => '');
    const whole = (from === this.#at.offset ? this.#at.rest : '') + text;
    const end = whole.lastIndexOf('\n') + 1;
    this.#at = { path, offset: size, rest: whole.slice(end) };
    return readConnections(whole.slice(0, end), format, this.#hosts);
  }
}

async function readPiece(path: string, from: number, to: number): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
