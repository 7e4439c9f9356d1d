/**
 * One of the old server's configuration files as the new server can read it: line by line, and every line that need not
 * change stays as it is, to the byte. What the new server would refuse becomes a comment, with the reason above it.
 */
import { type ConfLine, parseConf, quoteConf } from '../conf/conf-file.ts';
import { nameToday } from '../conf/old-names.ts';
import { type ValueRule, normaliseValue } from '../conf/setting-value.ts';
import type { ChangesBetween } from './changes.ts';
import type { MapPath } from './places.ts';

export interface NewServer {
  readonly major: number;
  readonly changes: ChangesBetween;
  readonly mapPath: MapPath;
  /** Settings that say which server this is: lower-cased name → what the new one has in its files; null: none of it. */
  readonly own: ReadonlyMap<string, string | null>;
  /** Lower-cased names of all that it has; null: it could not be asked. */
  readonly known: ReadonlySet<string> | null;
  /** What its settings may be, by lower-cased name; empty: it could not be asked. */
  readonly rules: ReadonlyMap<string, ValueRule>;
}

export type LineNote =
  | { readonly kind: 'left-out'; readonly name: string; readonly line: string; readonly why: string }
  | { readonly kind: 'renamed'; readonly name: string; readonly to: string; readonly major: number }
  | { readonly kind: 'moved'; readonly name: string; readonly from: string; readonly to: string };

export interface Translated {
  readonly content: string;
  readonly notes: readonly LineNote[];
}

/** Where a server finds itself: an old value would lead to the old one. */
export const placeSettings: readonly string[] = ['data_directory', 'hba_file', 'ident_file'];
/** How a server is called; the old name is as good as any where the new one has none. */
export const nameSettings: readonly string[] = ['external_pid_file', 'cluster_name'];

export function translateConf(content: string, server: NewServer): Translated {
  const notes: LineNote[] = [];
  const said = new Map(parseConf(content).map((line) => [line.line, line]));
  const lines = content.split('\n').flatMap((text, index) => {
    const line = said.get(index + 1);
    return line === undefined ? [text] : translateLine(text, line, server, notes);
  });
  return { content: lines.join('\n'), notes };
}

function translateLine(text: string, line: ConfLine, server: NewServer, notes: LineNote[]): readonly string[] {
  if (line.kind === 'error') return [text];
  const name = line.kind === 'setting' ? line.name : line.kind;
  const key = name.toLowerCase();
  const leaveOut = (why: string): readonly string[] => {
    notes.push({ kind: 'left-out', name, line: text.trim(), why });
    return [`# knowngood: ${why}; it stood here before the upgrade:`, `#${text}`];
  };
  const rewrite = (value: string): readonly string[] => {
    if (value === line.value) return [text];
    notes.push({ kind: 'moved', name, from: line.value, to: value });
    return [withValue(text, name, value)];
  };
  if (line.kind !== 'setting') return rewrite(movedPath(line.value, server.mapPath));

  const own = server.own.get(key);
  if (own === null) return leaveOut(`"${key}" named the old server, and the new one is not told by it`);
  if (own !== undefined) return rewrite(own);
  const major = server.changes.removed.get(key);
  if (major !== undefined) return leaveOut(`PostgreSQL ${major} has no setting "${key}"`);
  const renamed = server.changes.renamed.get(key);
  if (renamed !== undefined && !renamed.alias) {
    notes.push({ kind: 'renamed', name, to: renamed.to, major: renamed.major });
    return [text.replace(name, renamed.to)];
  }
  if (renamed === undefined && isUnknown(key, server)) return leaveOut(`the new server has no setting "${key}"`);
  const value = movedPath(line.value, server.mapPath);
  const rule = server.rules.get(key);
  const checked = rule === undefined ? null : normaliseValue(rule, value);
  if (checked?.ok === false) return leaveOut(`PostgreSQL ${server.major} refuses this value of "${key}"`);
  return rewrite(value);
}

/** Extensions' settings have a dot, and are taken on trust by the server itself. */
function isUnknown(key: string, { known }: NewServer): boolean {
  return known !== null && !key.includes('.') && !known.has(nameToday(key, known));
}

function movedPath(value: string, mapPath: MapPath): string {
  return value.startsWith('/') ? mapPath(value) : value;
}

/** Blanks before the name and a comment behind the value stay. */
function withValue(text: string, name: string, value: string): string {
  const start = text.indexOf(name) + name.length;
  const rest = /^(\s*=?\s*)('(?:[^'\\]|\\.|'')*'|[^\s#]*)(.*)$/s.exec(text.slice(start));
  const [, between = ' = ', , behind = ''] = rest ?? [];
  return `${text.slice(0, start)}${between}${quoteConf(value)}${behind}`;
}
