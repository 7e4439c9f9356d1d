/** The server's log around an incident, for its report. The server itself says what its clock would have printed then. */
import { type LogEvidence, logEvidence } from '../../domain/report/server-log.ts';
import type { Parts } from './parts.ts';
import { isEnglish } from './observe.ts';
import { lastLines, logFileOf } from './server-log.ts';
import { messageOf } from './target-error.ts';

/** Whoever asks for more asks for something else than a report. */
const longestMs = 7 * 24 * 3_600_000;

const printed = (at: string): string =>
  `to_char(to_timestamp(${at}::float8 / 1000) at time zone current_setting('log_timezone'), 'YYYY-MM-DD HH24:MI:SS.MS')`;

const settingsQuery = `
  select current_setting('data_directory') as "dataDirectory", current_setting('logging_collector') = 'on' as collecting,
    current_setting('log_filename') as filename, current_setting('lc_messages') as language, ${printed('$1')} as "from", ${printed('$2')} as "until"`;

interface Settings {
  readonly [column: string]: unknown;
  readonly dataDirectory: string;
  readonly collecting: boolean;
  readonly filename: string;
  readonly language: string;
  readonly from: string;
  readonly until: string;
}

export async function logLinesOf(
  { sql }: Pick<Parts, 'sql'>,
  time: { readonly since: number; readonly until: number },
): Promise<LogEvidence> {
  const until = Math.floor(time.until);
  const since = Math.max(Math.floor(time.since), until - longestMs);
  if (!Number.isFinite(since + until)) return unread('the time asked for is none.');
  try {
    const [settings] = await sql.any((session) => session.rows<Settings>(settingsQuery, [since, until]));
    if (settings === undefined) return unread('the server does not say where it is.');
    const { dataDirectory, collecting, filename, language, from } = settings;
    if (!isEnglish(language)) return unread(`its messages are in another language (lc_messages is ${language}).`);
    const file = await logFileOf(dataDirectory, collecting);
    if (file === 'down') return unread('the server does not run.');
    if (file === 'none') return unread('the server writes to no file that can be seen from its host.');
    const lines = await lastLines(file, since, collecting ? filename : null);
    const window = { from, until: settings.until, fromSeconds: since / 1_000, untilSeconds: until / 1_000 };
    return logEvidence(lines, file.format, window);
  } catch (error) {
    return unread(`${messageOf(error)}.`);
  }
}

function unread(why: string): LogEvidence {
  return { lines: [], more: 0, unread: why };
}
