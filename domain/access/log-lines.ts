/**
 * Connections as the server's log tells of them: `log_connections` in a stderr, csv or json log. Pure: lines in,
 * connections out. The text is the server's, but parts of it are chosen by whoever connects; a line that could be read in
 * two ways is passed over. Messages in other languages than English are not known.
 */
import { parseAddress } from './address.ts';
import type { SeenConnection } from './observed.ts';

export type LogFormat = 'stderr' | 'csvlog' | 'jsonlog';

export interface LogReader {
  /** Whole lines, oldest first. */
  read(lines: readonly string[]): readonly SeenConnection[];
}

/** NAMEDATALEN - 1, bytes: whoever has a longer one has words of another line in it. */
const longestName = 63;

/** Three names, the words between them and what TLS says: a longer one is somebody's play. */
const longestMessage = 1_000;

/** Connections that were received and did not get in leave their entry behind. */
const mostReceived = 10_000;

const authorized = 'connection authorized: ';
const replicationAuthorized = 'replication connection authorized: ';
const received = 'connection received: ';

/** null: by this `log_line_prefix` nobody can tell which process wrote a line. */
export function stderrReader(prefix: string): LogReader | null {
  const pattern = prefixPattern(prefix);
  if (pattern === null) return null;
  const line = new RegExp(`^${pattern}LOG:  (?<message>(?:replication )?connection (?:authorized|received): .*)$`);
  const hosts = new Map<number, string>();
  return {
    read: (lines) =>
      lines.flatMap((text): SeenConnection[] => {
        // Ten times as fast as the pattern, and nearly no line is one.
        if (!text.includes('connection ')) return [];
        const { groups } = line.exec(text) ?? {};
        if (groups === undefined) return [];
        const pid = Number(groups['pid']);
        const message = groups['message'] ?? '';
        if (message.startsWith(received)) {
          if (hosts.size >= mostReceived) hosts.clear();
          hosts.set(pid, hostOf(message.slice(received.length)));
          return [];
        }
        const host = groups['host'] ?? hosts.get(pid);
        hosts.delete(pid);
        const told = messageOf(message);
        if (told === null || host === undefined) return [];
        // Which of the words are the server's and which are a name's?
        if (told.database?.includes(' database=') === true) return [];
        // What the prefix says of the same session must be the same: else it is not the line that it looks like.
        if ((groups['user'] ?? told.user) !== told.user) return [];
        if (told.database !== null && (groups['database'] ?? told.database) !== told.database) return [];
        return connectionOf({ pid, host, ...told });
      }),
  };
}

/** The columns say whose session it is, and that it was authenticating: `RAISE LOG` can say the same words. */
const csvLine =
  /^[^",]*,"((?:[^"]|"")*)",(?:"((?:[^"]|"")*)")?,(\d+),"((?:[^"]|"")*)",[^",]*,\d*,"authentication",[^",]*,[^",]*,\d*,LOG,[^",]*,"((?:replication )?connection authorized: (?:[^"]|"")*)"/;

export function csvReader(): LogReader {
  return {
    read: (lines) =>
      lines.flatMap((text): SeenConnection[] => {
        if (!text.includes(authorized)) return [];
        const [, user = '', database, pid = '', from = '', message = ''] = csvLine.exec(text) ?? [];
        const told = user === '' ? null : messageOf(unquoted(message));
        if (told === null) return [];
        const names = { user: unquoted(user), database: database === undefined ? null : unquoted(database) };
        return connectionOf({ ...told, ...names, pid: Number(pid), host: withoutPort(unquoted(from)) });
      }),
  };
}

export function jsonReader(): LogReader {
  return {
    read: (lines) =>
      lines.flatMap((text): SeenConnection[] => {
        if (!text.includes(authorized)) return [];
        const record = recordOf(text);
        const { pid, user, dbname, remote_host: host, message, ps, error_severity: severity } = record;
        if (ps !== 'authentication' || severity !== 'LOG' || typeof message !== 'string') return [];
        const told = messageOf(message);
        if (told === null || typeof user !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return [];
        return connectionOf({ ...told, pid, host, user, database: typeof dbname === 'string' ? dbname : null });
      }),
  };
}

interface Told {
  readonly user: string;
  /** null: not said, as of replication. */
  readonly database: string | null;
  readonly replication: boolean;
  readonly applicationName: string;
  readonly tls: boolean;
}

const tail = /(?: application_name=(?<application>.*?))?(?<tls> SSL enabled \([^()]*\))?(?: GSS \(.*\))?$/;
const usual = new RegExp(`^user=(?<user>.*?) database=(?<database>.*?)${tail.source}`);
const ofReplication = new RegExp(`^user=(?<user>.*?)${tail.source}`);

/** null: not one of these lines. An application may call itself ` SSL enabled (…)`: a session that is seen knows better. */
function messageOf(message: string): Told | null {
  const replication = message.startsWith(replicationAuthorized);
  if (message.length > longestMessage || (!replication && !message.startsWith(authorized))) return null;
  const rest = message.slice((replication ? replicationAuthorized : authorized).length);
  const { groups } = (replication ? ofReplication : usual).exec(rest) ?? {};
  if (groups === undefined) return null;
  const { user = '', database, application = '', tls } = groups;
  return { user, database: database ?? null, replication, applicationName: application, tls: tls !== undefined };
}

function connectionOf({ host, ...told }: Told & { readonly pid: number; readonly host: string }): SeenConnection[] {
  const { user, database, replication } = told;
  const named = database === null || database === '' ? null : database;
  if (!isName(user) || (named === null ? !replication : !isName(named))) return [];
  if (host === '[local]') return [{ ...told, database: named, address: null }];
  // A name, by `log_hostname`: what it stood for is not known.
  return parseAddress(host) === null ? [] : [{ ...told, database: named, address: host }];
}

/** Bytes of UTF-8, without an encoder. */
function isName(text: string): boolean {
  let bytes = 0;
  for (const char of text) bytes += sizeOf(char.codePointAt(0) ?? 0);
  return bytes > 0 && bytes <= longestName;
}

function sizeOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** `host=10.0.0.7 port=5543`, `host=[local]`. */
function hostOf(text: string): string {
  return /^host=(\S+)(?: port=\d+)?$/.exec(text)?.[1] ?? '';
}

/** `10.0.0.7:5543`, `::1:5543`, `[local]`. */
function withoutPort(from: string): string {
  return from.replace(/:\d+$/, '');
}

function unquoted(csv: string): string {
  return csv.replaceAll('""', '"');
}

function recordOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)? \\S+';

/** What an escape of `log_line_prefix` becomes in such a line; bounded, so that no line takes long to be refused. */
const escapes: Readonly<Record<string, string>> = {
  // Not set yet: `[unknown]`, or what the configuration sets.
  a: '.{0,63}?',
  u: '(?<user>.{0,63}?)',
  d: '(?<database>.{0,63}?)',
  r: '(?<host>[^\\s()]{1,255}?)(?:\\(\\d+\\))?',
  h: '(?<host>\\S{1,255}?)',
  L: '\\S{0,255}?',
  b: '[a-z ]*?',
  p: '(?<pid>\\d+)',
  P: '\\d*',
  t: time,
  m: time,
  s: time,
  n: '\\d+\\.\\d+',
  Q: '-?\\d+',
  i: '[A-Za-z ]*?',
  e: '[0-9A-Z]{5}',
  c: '[0-9a-f]+\\.[0-9a-f]+',
  l: '\\d+',
  v: '[\\d/]*',
  x: '\\d+',
  q: '',
  '%': '%',
};

/** The source of a pattern with a group `pid`, and `user`, `database`, `host` where the prefix has them; null: no pid. */
function prefixPattern(prefix: string): string | null {
  const seen = new Set<string>();
  const source = prefix.replace(/%(-?\d+)?(.)|[^%]+|%$/gs, (part, padding: string | undefined, letter?: string) => {
    if (letter === undefined) return part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    // The server leaves out what it does not know.
    const pattern = escapes[letter] ?? '';
    const group = /^\(\?<(\w+)>/.exec(pattern)?.[1];
    const once = group !== undefined && seen.has(group) ? pattern.replace(`?<${group}>`, '?:') : pattern;
    if (group !== undefined) seen.add(group);
    return padding === undefined ? once : ` *${once} *`;
  });
  return seen.has('pid') ? source : null;
}
