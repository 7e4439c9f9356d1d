/**
 * The server's log from where it ended at the last look: whole lines, a bounded piece at a time, across rotations. Reads
 * files only, and only those that the server itself names.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { LogFormat } from '../../domain/access/log-lines.ts';
import { findPostmaster, type Postmaster } from './postmaster.ts';
import { codeOf } from './target-error.ts';

export interface LogFile {
  readonly format: LogFormat;
  readonly path: string;
}

/** Read at one look: a busy server's log grows by less, and what it grows by more is passed over. */
const mostBytes = 1_048_576;

/** A pipe that stands where a file should must not hold the agent up. */
const readOnly = constants.O_RDONLY | constants.O_NONBLOCK;

const newline = 0x0a;

/** The best first: columns leave less to guess. */
const formats: readonly LogFormat[] = ['jsonlog', 'csvlog', 'stderr'];

/** `none`: the server writes to no file that can be seen from here; `down`: it does not run, or is just coming or going. */
export async function logFileOf(dataDirectory: string, collecting: boolean): Promise<LogFile | 'none' | 'down'> {
  const postmaster = await findPostmaster(dataDirectory);
  if (postmaster === null) return 'down';
  if (collecting) {
    const text = await readFile(join(dataDirectory, 'current_logfiles'), 'utf8').catch(() => '');
    const named = new Map(text.split('\n').map((line) => [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)]));
    const format = formats.find((one) => named.has(one));
    const path = format === undefined ? undefined : named.get(format);
    if (format === undefined || path === undefined || path === '') return isStarting(postmaster) ? 'down' : 'none';
    return { format, path: isAbsolute(path) ? path : join(dataDirectory, path) };
  }
  // Debian's way, and that of `pg_ctl -l`: the server's own standard error is the file.
  const path = await readlink(`/proc/${postmaster.pid}/fd/2`).catch(codeOf);
  // Its files go before it does.
  if (path === 'ENOENT') return 'down';
  return path?.startsWith('/') === true && !path.startsWith('/dev/') ? { format: 'stderr', path } : 'none';
}

/** What its predecessor wrote to is forgotten then, and the collector has not begun yet. */
function isStarting({ status }: Postmaster): boolean {
  return status === 'starting';
}

export interface LogTail {
  /**
   * Lines written to `path` since the last call, oldest first; none at the first call, for what was there before is of
   * another time. Throws what keeps a file from being read.
   */
  read(path: string): Promise<LogLines>;
}

export interface LogLines {
  readonly lines: readonly string[];
  /** Passed over, because more was written than is read at once. */
  readonly skippedBytes: number;
}

interface Place {
  readonly path: string;
  readonly file: string;
  readonly offset: number;
}

export function createLogTail(): LogTail {
  let place: Place | null = null;

  async function readOn(path: string): Promise<LogLines> {
    const handle = await open(path, readOnly);
    try {
      const { dev, ino, size } = await handle.stat();
      const file = `${dev}:${ino}`;
      const before = place;
      if (before === null) {
        place = { path, file, offset: size };
        return nothing;
      }
      // A file of another name may be the same one, renamed; one that has shrunk was emptied.
      const offset = before.file === file && before.offset <= size ? before.offset : 0;
      const from = Math.max(offset, size - mostBytes);
      const { text, end } = await wholeLines(handle, from, size);
      place = { path, file, offset: end };
      const lines = text === '' ? [] : text.split('\n').slice(from > offset ? 1 : 0);
      return { lines, skippedBytes: from - offset };
    } finally {
      await handle.close();
    }
  }

  return {
    async read(path) {
      const before = place;
      if (before === null || before.path === path) return readOn(path);
      // Rotated to another name: what the old file got at its end comes first.
      const rest = await readOn(before.path).catch(() => nothing);
      const next = await readOn(path);
      return { lines: [...rest.lines, ...next.lines], skippedBytes: rest.skippedBytes + next.skippedBytes };
    },
  };
}

/** A server that was restarted has begun a new file. */
const mostFiles = 3;

/**
 * The last lines of the log, of files written to since then: a bounded piece of each, oldest first. `collected` is the
 * collector's `log_filename`; null: nobody collects, and the file is the only one.
 */
export async function lastLines(file: LogFile, since: number, collected: string | null): Promise<readonly string[]> {
  const lines: string[] = [];
  const older = collected === null ? [] : await olderFiles(file, since, collected);
  for (const path of [...older, file.path]) {
    const handle = await open(path, readOnly);
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - mostBytes);
      const { text } = await wholeLines(handle, from, size);
      lines.push(...text.split('\n').slice(from > 0 ? 1 : 0));
    } finally {
      await handle.close();
    }
  }
  return lines;
}

/** In a folder that others log to as well only those are the server's that it would have named so. */
async function olderFiles({ path, format }: LogFile, since: number, collected: string): Promise<readonly string[]> {
  const pattern = namesOf(collected, format);
  if (pattern === null || !pattern.test(basename(path))) return [];
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => pattern.test(name) && join(folder, name) !== path)
      .map(async (name) => {
        const file = await stat(join(folder, name)).catch(() => null);
        return file?.isFile() === true && file.mtimeMs >= since ? [{ path: join(folder, name), at: file.mtimeMs }] : [];
      }),
  );
  const older = found.flat().sort((a, b) => a.at - b.at);
  return older.slice(-(mostFiles - 1)).map((file) => file.path);
}

/** As the C locale writes them, in which the server names its files. */
const dateParts: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  C: '\\d\\d',
  y: '\\d\\d',
  m: '\\d\\d',
  d: '\\d\\d',
  e: '[ \\d]\\d',
  H: '\\d\\d',
  I: '\\d\\d',
  M: '\\d\\d',
  S: '\\d\\d',
  U: '\\d\\d',
  W: '\\d\\d',
  V: '\\d\\d',
  G: '\\d{4}',
  j: '\\d{3}',
  u: '\\d',
  w: '\\d',
  s: '\\d+',
  p: '[AP]M',
  a: '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
  A: '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day',
  b: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
  h: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
  B: '(?:January|February|March|April|May|June|July|August|September|October|November|December)',
  F: '\\d{4}-\\d\\d-\\d\\d',
  z: '[+-]\\d{4}',
  Z: '[A-Z]{1,6}',
  '%': '%',
};

const endings = { csvlog: '.csv', jsonlog: '.json' } as const;

/** Of the files that `log_filename` names; null: it says something that is not known here. */
export function namesOf(filename: string, format: LogFormat): RegExp | null {
  if (filename.includes('/')) return null;
  // As the collector does it: the ending of the others stands in for `.log`, or comes after everything.
  const named = format === 'stderr' ? filename : `${filename.replace(/\.log$/, '')}${endings[format]}`;
  const parts = named.match(/%[^]?|[^%]+/g) ?? [];
  const sources = parts.map((part) =>
    part.startsWith('%') ? dateParts[part.slice(1)] : part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'),
  );
  return sources.includes(undefined) ? null : new RegExp(`^${sources.join('')}$`);
}

const nothing: LogLines = { lines: [], skippedBytes: 0 };

/** Up to the last line break before `size`; a line that is still being written is read next time. */
async function wholeLines(
  handle: FileHandle,
  from: number,
  size: number,
): Promise<{ readonly text: string; readonly end: number }> {
  const buffer = Buffer.alloc(size - from);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  const last = buffer.subarray(0, bytesRead).lastIndexOf(newline);
  // A line longer than all that is read at once is passed over.
  if (last < 0) return { text: '', end: bytesRead === mostBytes ? size : from };
  return { text: buffer.toString('utf8', 0, last), end: from + last + 1 };
}
