/**
 * What the server's own log says around an incident: the few lines that speak of access and configuration, without
 * statements and without the values of rows. Pure: lines in, evidence out.
 */
import type { LogFormat } from '../access/log-lines.ts';
import { countText } from '../format.ts';
import { shorten } from '../markdown.ts';
import { tellingWords } from './log-messages.ts';

export interface LogEvidence {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Further lines of the kind, left out. */
  readonly more: number;
  /** Errors and warnings of other kinds: they may hold a row's values, and are counted only. Absent: of an earlier version. */
  readonly others?: number;
  /** Why there is none, or not all of it: a sentence; '' when it was read. */
  readonly unread: string;
}

export interface LogLine {
  /** As the server printed it, in its `log_timezone`; '' when its prefix has no time. */
  readonly time: string;
  readonly level: string;
  readonly text: string;
  /** The same words so often in a row. */
  readonly times: number;
}

/** Both ends as the log itself would print them, to the ms: `2026-03-01 09:59:30.000`; and for `%n`, in seconds. */
export interface LogWindow {
  readonly from: string;
  readonly until: string;
  readonly fromSeconds: number;
  readonly untilSeconds: number;
}

export function logLine({ time, level, text, times }: LogLine): string {
  return `${time} ${level}: ${text}${times === 1 ? '' : ` (${times} times)`}`;
}

export function logText({ lines, more, others = 0, unread }: LogEvidence): string {
  if (unread !== '') return `It could not be read: ${unread}`;
  const left = more === 0 ? '' : ` ${more} further ones are left out.`;
  const hidden =
    others === 0 ? '' : ` Besides, ${countText(others, 'other error or warning', 'other errors and warnings')}.`;
  const shown =
    lines.length === 0
      ? 'It says nothing of access or configuration in that time.'
      : "Lines about access and configuration, without statements and rows' values, in the server's own time.";
  return `${shown}${left}${hidden}`;
}

const mostLines = 40;
const longestLine = 300;

/** Whole lines, oldest first. */
export function logEvidence(lines: readonly string[], format: LogFormat, window: LogWindow): LogEvidence {
  const found: LogLine[] = [];
  let others = 0;
  for (const line of lines) {
    const read = readers[format](line);
    if (read === null || !isWithin(read.time, window)) continue;
    const words = tellingWords(read);
    if (words === null) {
      if (troubles.has(read.level)) others += 1;
      continue;
    }
    const text = shorten(words, longestLine);
    const last = found.at(-1);
    if (last !== undefined && last.text === text && last.level === read.level)
      found[found.length - 1] = { ...last, times: last.times + 1 };
    else found.push({ ...read, text, times: 1 });
  }
  // The end is where the server is back: of too many, the first ones tell how it began.
  return { lines: found.slice(0, mostLines), more: Math.max(0, found.length - mostLines), others, unread: '' };
}

/** Of LOG there may be one for each statement. */
const troubles: ReadonlySet<string> = new Set(['PANIC', 'FATAL', 'ERROR', 'WARNING']);

interface Read {
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

const levels = 'PANIC|FATAL|ERROR|WARNING|LOG|DETAIL';
// A line that goes on begins with a tab: within a statement, anything may stand.
const stderrLine = new RegExp(`^(?!\\t)(.{0,500}?)\\b(${levels}):  (.*)$`);
const timeInPrefix = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Za-z0-9+:_-]+)?|\b\d{10}\.\d{3}\b/;
const csvLine = new RegExp(
  `^([^",]+),(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*)){9},(${levels}),[^",]*,"((?:[^"]|"")*)"`,
);

const readers: Readonly<Record<LogFormat, (line: string) => Read | null>> = {
  stderr: (line) => {
    const [, prefix = '', level, text = ''] = stderrLine.exec(line) ?? [];
    return level === undefined ? null : { time: timeInPrefix.exec(prefix)?.[0] ?? '', level, text };
  },
  csvlog: (line) => {
    const [, time = '', level, text = ''] = csvLine.exec(line) ?? [];
    return level === undefined ? null : { time, level, text: text.replaceAll('""', '"') };
  },
  jsonlog: (line) => {
    const { timestamp, error_severity: level, message } = recordOf(line);
    if (typeof timestamp !== 'string' || typeof level !== 'string' || typeof message !== 'string') return null;
    return { time: timestamp, level, text: message };
  },
};

function recordOf(line: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(line) as object | null) };
  } catch {
    return {};
  }
}

/** A time that is printed to the second is compared to the second. */
function isWithin(time: string, { from, until, fromSeconds, untilSeconds }: LogWindow): boolean {
  if (time === '') return false;
  if (/^\d{10}\./.test(time)) return Number(time) >= fromSeconds && Number(time) <= untilSeconds;
  const [printed = ''] = /^[^ ]+ [^ ]+/.exec(time) ?? [];
  return printed >= from.slice(0, printed.length) && printed <= until.slice(0, printed.length);
}
