/** What a server that did not start, or `postgres -C`, said of it: as problems with file and line. Pure. */
import type { Problem } from '../../../domain/problem.ts';

export interface LogEntry {
  /** `LOG`, `WARNING`, `FATAL`. */
  readonly level: string;
  readonly text: string;
  readonly detail: string;
  readonly hint: string;
  readonly context: string;
}

const levels = /^(DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC): {2}(.*)$/;
const parts = /^(DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION): {2}(.*)$/;

/** Written with an empty log_line_prefix; a continued line begins with a tab. */
export function parseLog(log: string): readonly LogEntry[] {
  const entries: Record<'level' | 'text' | 'detail' | 'hint' | 'context' | 'other', string>[] = [];
  let part: 'text' | 'detail' | 'hint' | 'context' | 'other' = 'text';
  for (const line of log.split('\n')) {
    const [, level, text = ''] = levels.exec(line) ?? [];
    const [, name = '', more = ''] = parts.exec(line) ?? [];
    const entry = entries.at(-1);
    if (level !== undefined) {
      part = 'text';
      entries.push({ level, text, detail: '', hint: '', context: '', other: '' });
    } else if (entry !== undefined && name !== '') {
      part = name === 'DETAIL' ? 'detail' : name === 'HINT' ? 'hint' : name === 'CONTEXT' ? 'context' : 'other';
      entry[part] = more;
    } else if (entry !== undefined && line.startsWith('\t')) entry[part] += ` ${line.trim()}`;
  }
  return entries;
}

const summing = /^(configuration file ".*" contains errors|could not load .*)$/;
const harmless =
  /^(skipping missing configuration file|too many background workers|database system is shut down|starting PostgreSQL|listening on)/;

/**
 * The FATAL line, or, where that only sums up, the lines before it that say what is wrong and where. `said`: what the
 * program wrote, should it have ended without a word that can be understood.
 */
export function whyNotStarted(log: string, said = log): readonly Problem[] {
  const entries = parseLog(log);
  const fatal = entries.find(({ level }) => level === 'FATAL' || level === 'PANIC');
  if (fatal === undefined)
    return [
      {
        code: 'would-not-start',
        message: 'the server ended without saying why',
        ...(said.trim() === '' ? {} : { detail: said.trim().slice(-500) }),
      },
    ];
  const before = entries
    .slice(0, entries.indexOf(fatal))
    .filter(({ level, text }) => (level === 'LOG' || level === 'ERROR') && !harmless.test(text));
  const telling = summing.test(fatal.text) && before.length > 0 ? before : [fatal];
  return telling.map((entry) => problemOf(entry));
}

function problemOf({ text, detail, hint, context }: LogEntry): Problem {
  const where = /^line (\d+) of configuration file "(.*)"$/.exec(context);
  const inFile = /^(.*?)(?: in|; in)? file "([^"]*)" line (\d+)(.*)$/.exec(text);
  const message =
    where !== null
      ? `${where[2]} line ${where[1]}: ${text}`
      : inFile !== null
        ? `${inFile[2]} line ${inFile[3]}: ${inFile[1]}${inFile[4]}`
        : text;
  return {
    code: 'would-not-start',
    message,
    ...(detail === '' ? {} : { detail }),
    hint: hint === '' ? 'The server would not start with this configuration.' : hint,
  };
}
