/**
 * Who is connected, and who was since the last look: one query on a session that is open anyway, and the new lines of the
 * server's log where it can be read. Never in the way of a change, and never opens one connection after the other.
 */
import { type LogFormat, type LogReader, csvReader, jsonReader, stderrReader } from '../../domain/access/log-lines.ts';
import {
  type Observation,
  type SeenConnection,
  type SeenSessions,
  ownApplications,
} from '../../domain/access/observed.ts';
import type { Problem } from '../../domain/problem.ts';
import { quoteName } from '../../domain/revert/sql/quote.ts';
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

const ownNames = ownApplications.map((name) => `'${name}'`).join(', ');

/** A connection shows up with a user only once it is let in, and `authentication_timeout` is a minute by default. */
const lettingInMs = 60_000;

/**
 * The function under pg_stat_activity and pg_stat_ssl, called once instead of twice, and grouped where the rows are: of 500
 * sessions a fifth of the cost, here and there. It waits for no lock for long: by this session a change may be taken back.
 * `sinceMs`: pids only of sessions begun in so many ms; null: of all.
 */
export function sessionsQuery(sinceMs: number | null): string {
  const since = sinceMs === null ? 'true' : `s.backend_start > now() - interval '${Math.ceil(sinceMs)} ms'`;
  return `
  set local lock_timeout = '500ms';
  set local statement_timeout = '2s';
  select u.rolname as "user", d.datname as database, pg_catalog.host(g.client_addr) as address, g.ssl as tls,
    g.backend_type as type, g.application, g.started
  from (select s.usesysid, s.datid, s.client_addr, s.ssl, s.backend_type, 
      coalesce(max(s.application_name) filter (where s.application_name not in (${ownNames})), max(s.application_name))
        as application,
      json_agg(json_build_array(s.pid, (extract(epoch from s.backend_start) * 1000)::float8))
        filter (where ${since}) as started
    from pg_catalog.pg_stat_get_activity(null) s
    where (s.backend_type in ('client backend', 'walsender') or s.backend_type is null)
      and (s.application_name is distinct from '${ownApplication}'
        or s.usesysid <> (select oid from pg_catalog.pg_roles where rolname = session_user))
    group by 1, 2, 3, 4, 5) g
    join pg_catalog.pg_roles u on u.oid = g.usesysid
    left join pg_catalog.pg_database d on d.oid = g.datid`;
}

interface SessionRow {
  readonly user: string;
  readonly database: string | null;
  readonly address: string | null;
  readonly tls: boolean | null;
  /** null: not for this role to see. */
  readonly type: string | null;
  readonly application: string | null;
  readonly started: readonly (readonly [pid: number, startedAt: number])[] | null;
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
  /** Why there are no settings. */
  let unknown: readonly Problem[] = [];
  let settingsAt = -Infinity;
  let connectedAt = -Infinity;
  let lookedAt: number | null = null;

  return async ({ serverLog, mayConnect }) => {
    const now = performance.now();
    // The log before the sessions: whoever it tells of is among them, or gone again.
    const read = serverLog && settings !== null ? await log.read(settings) : nothingRead;
    if (!sql.isOpen && mayConnect && now - connectedAt >= connectEveryMs) {
      connectedAt = now;
      await sql.fresh((session) => session.rows('select 1'));
    }
    if (serverLog && now - settingsAt >= settingsEveryMs) await lookAtSettings(now);
    const sinceMs = lookedAt === null ? null : now - lookedAt + lettingInMs;
    // One message each: whoever takes the session next begins when it is answered.
    const answer = await sql.ifIdle((session) => session.script(sessionsQuery(sinceMs)));
    if (answer !== null) lookedAt = now;
    return observation(answer?.value.at(-1)?.rows ?? null, read);
  };

  async function lookAtSettings(now: number): Promise<void> {
    try {
      const answer = await sql.ifIdle((session) => session.rows<LogSettings>(settingsQuery));
      if (answer === null) return;
      settings = answer.value[0] ?? null;
      unknown = [];
    } catch (error) {
      // The sessions are seen all the same.
      settings = null;
      unknown = unread(`Where it is cannot be seen: ${messageOf(error)}.`).problems;
    }
    settingsAt = now;
  }

  function observation(rows: readonly SessionRow[] | null, read: LogRead): Observation | null {
    if (rows === null && read.connections.length === 0 && read.problems.length === 0) return null;
    const sessions = rows?.flatMap(sessionsOf) ?? null;
    const hidden = (rows ?? []).some(({ type }) => type === null);
    const problems = [...(hidden ? [unseen(endpoint.user)] : []), ...read.problems, ...unknown];
    return { sessions, logged: read.connections.filter(isForeign), problems };
  }

  function isForeign({ user, applicationName }: SeenConnection): boolean {
    return user !== endpoint.user || applicationName !== ownApplication;
  }
}

function sessionsOf({ type, application, tls, started, ...row }: SessionRow): readonly SeenSessions[] {
  if (type === null) return [];
  const replication = type === 'walsender';
  // Still on its way in.
  if (row.database === null && !replication) return [];
  const begun = (started ?? []).map(([pid, startedAt]) => ({ pid, startedAt }));
  return [{ ...row, tls: tls === true, replication, applicationName: application ?? '', started: begun }];
}

function unseen(user: string): Problem {
  return {
    code: 'sessions-unseen',
    message: `role ${user} may not see the sessions of other roles`,
    detail: 'Who connects is not observed, but for what the server log tells.',
    hint: `Run GRANT pg_read_all_stats TO ${quoteName(user)} as a superuser.`,
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
      if (file === 'down') return nothingRead;
      if (file === 'none') return unread('The server writes to no file that can be seen from here.');
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

export function isEnglish(language: string): boolean {
  return /^($|C\b|POSIX$|en)/.test(language);
}

function why({ path }: LogFile, error: unknown): string {
  return codeOf(error) === 'ENOENT' ? `${path} is not there.` : `${path}: ${messageOf(error)}.`;
}

function unread(detail: string, hint?: string): LogRead {
  const problem = { code: 'log-unread', message: 'the server log is not read for connections', detail };
  return { connections: [], problems: [hint === undefined ? problem : { ...problem, hint }] };
}
