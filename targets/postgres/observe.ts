/**
 * Who is connected, and who was since the last look: one query on a session that is open anyway, and the new lines of the
 * server's log where it can be read. Never in the way of a change, and never opens one connection after the other.
 */
import { type LogFormat, type LogReader, csvReader, jsonReader, stderrReader } from '../../domain/access/log-lines.ts';
import type { Observation, SeenConnection, SeenSession } from '../../domain/access/observed.ts';
import type { Problem } from '../../domain/problem.ts';
import type { ObserveOptions } from '../target.ts';
import type { Parts } from './parts.ts';
import { type LogFile, createLogTail, logFileOf } from './server-log.ts';
import { codeOf, messageOf } from './target-error.ts';

/** Where the log is and what it looks like seldom changes. */
const settingsEveryMs = 60_000;

/** Between two tries to connect when no session is open. */
const connectEveryMs = 60_000;

/** As `endpoint.ts` calls the agent's own sessions. */
const ownApplication = 'knowngood agent';

/**
 * The function under pg_stat_activity and pg_stat_ssl, called once instead of twice. It waits for no lock for long: the
 * session is also the one by which a change may be taken back.
 */
export const sessionsQuery = `
  set local lock_timeout = '500ms';
  set local statement_timeout = '2s';
  select s.pid, u.rolname as "user", d.datname as database, pg_catalog.host(s.client_addr) as address,
    s.ssl as tls, s.backend_type as type, s.application_name as application,
    (extract(epoch from s.backend_start) * 1000)::float8 as "startedAt"
  from pg_catalog.pg_stat_get_activity(null) s
    join pg_catalog.pg_roles u on u.oid = s.usesysid
    left join pg_catalog.pg_database d on d.oid = s.datid
  where s.backend_type in ('client backend', 'walsender') or s.backend_type is null`;

interface SessionRow {
  readonly pid: number;
  readonly user: string;
  readonly database: string | null;
  readonly address: string | null;
  readonly tls: boolean | null;
  /** null: not for this role to see. */
  readonly type: string | null;
  readonly application: string | null;
  readonly startedAt: number | null;
}

const settingsQuery = `
  select pg_catalog.current_setting('data_directory') as "dataDirectory",
    pg_catalog.current_setting('logging_collector') = 'on' as collecting,
    pg_catalog.current_setting('log_connections') as "logConnections",
    pg_catalog.current_setting('log_line_prefix') as prefix, pg_catalog.current_setting('lc_messages') as language`;

interface LogSettings {
  readonly [column: string]: unknown;
  readonly dataDirectory: string;
  readonly collecting: boolean;
  readonly logConnections: string;
  readonly prefix: string;
  readonly language: string;
}

export type Observe = (options: ObserveOptions) => Promise<Observation | null>;

export function createObserve(parts: Pick<Parts, 'sql' | 'endpoint'>): Observe {
  const { sql, endpoint } = parts;
  const log = createServerLog();
  let settings: LogSettings | null = null;
  let settingsAt = -Infinity;
  let connectedAt = -Infinity;

  return async ({ serverLog, mayConnect }) => {
    const now = performance.now();
    // The log before the sessions: whoever it tells of is among them, or gone again.
    const read = serverLog && settings !== null ? await log.read(settings) : nothingRead;
    if (!sql.isOpen && mayConnect && now - connectedAt >= connectEveryMs) {
      connectedAt = now;
      await sql.fresh((session) => session.rows('select 1'));
    }
    if (serverLog && now - settingsAt >= settingsEveryMs) await lookAtSettings(now);
    // One message each: whoever takes the session next begins when it is answered.
    const answer = await sql.ifIdle((session) => session.script(sessionsQuery));
    return observation(answer?.value.at(-1)?.rows ?? null, read);
  };

  async function lookAtSettings(now: number): Promise<void> {
    const answer = await sql.ifIdle((session) => session.rows<LogSettings>(settingsQuery));
    if (answer === null) return;
    settings = answer.value[0] ?? null;
    settingsAt = now;
  }

  function observation(rows: readonly SessionRow[] | null, read: LogRead): Observation | null {
    if (rows === null && read.connections.length === 0 && read.problems.length === 0) return null;
    const sessions = rows?.flatMap(sessionOf).filter(isForeign) ?? null;
    const hidden = (rows ?? []).some(({ type }) => type === null);
    const problems = [...(hidden ? [unseen(endpoint.user)] : []), ...read.problems];
    return { sessions, logged: read.connections.filter(isForeign), problems };
  }

  function isForeign({ user, applicationName }: SeenConnection): boolean {
    return user !== endpoint.user || applicationName !== ownApplication;
  }
}

function sessionOf({ type, application, tls, startedAt, ...row }: SessionRow): readonly SeenSession[] {
  if (type === null || startedAt === null) return [];
  const replication = type === 'walsender';
  // Still on its way in.
  if (row.database === null && !replication) return [];
  return [{ ...row, tls: tls === true, replication, applicationName: application ?? '', startedAt }];
}

function unseen(user: string): Problem {
  return {
    code: 'sessions-unseen',
    message: `role ${user} may not see the sessions of other roles`,
    detail: 'Who connects is not observed, but for what the server log tells.',
    hint: `Run GRANT pg_monitor TO ${JSON.stringify(user)} as a superuser.`,
  };
}

interface LogRead {
  readonly connections: readonly SeenConnection[];
  readonly problems: readonly Problem[];
}

const nothingRead: LogRead = { connections: [], problems: [] };

/** Why nothing of it can be had is said as a problem, and looked at again next time. */
function createServerLog(): { read(settings: LogSettings): Promise<LogRead> } {
  const tail = createLogTail();
  let reader: { readonly key: string; readonly read: LogReader | null } | null = null;

  /** One for each format and prefix: it remembers who was received. */
  function readerFor(format: LogFormat, prefix: string): LogReader | null {
    const key = `${format} ${prefix}`;
    if (reader?.key !== key) reader = { key, read: readers[format](prefix) };
    return reader.read;
  }

  return {
    async read({ dataDirectory, collecting, logConnections, prefix, language }) {
      if (!logsConnections(logConnections)) return nothingRead;
      if (!isEnglish(language)) return unread(`Its messages are in another language (lc_messages is ${language}).`);
      const file = await logFileOf(dataDirectory, collecting);
      if (file === null) return unread('The server writes to no file that can be seen from here.');
      const lineReader = readerFor(file.format, prefix);
      if (lineReader === null)
        return unread(noProcess, 'Put %p into log_line_prefix, or add csvlog to log_destination.');
      try {
        const { lines } = await tail.read(file.path);
        return { connections: lineReader.read(lines), problems: [] };
      } catch (error) {
        return unread(why(file, error));
      }
    },
  };
}

const readers: Readonly<Record<LogFormat, (prefix: string) => LogReader | null>> = {
  stderr: stderrReader,
  csvlog: csvReader,
  jsonlog: jsonReader,
};

const noProcess = 'log_line_prefix does not say which process wrote a line.';

/** `on` or, from 18 on, a list of what is logged. */
function logsConnections(setting: string): boolean {
  return /\b(on|true|yes|1|all|authorization)\b/.test(setting);
}

function isEnglish(language: string): boolean {
  return /^($|C\b|POSIX$|en)/.test(language);
}

function why({ path }: LogFile, error: unknown): string {
  return codeOf(error) === 'ENOENT' ? `${path} is not there.` : `${path}: ${messageOf(error)}.`;
}

function unread(detail: string, hint?: string): LogRead {
  const problem = { code: 'log-unread', message: 'the server log is not read for connections', detail };
  return { connections: [], problems: [hint === undefined ? problem : { ...problem, hint }] };
}
