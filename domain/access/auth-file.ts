/**
 * Lines of pg_hba.conf and pg_ident.conf in the order in which the server reads them, includes and `@` lists put in their
 * place (`tokenize_auth_file` of PostgreSQL 14 to 18). What a line means is not decided here.
 */
import type { FileView } from '../conf/conf-tree.ts';
import { dirname, isIncludable, resolveFrom } from '../conf/paths.ts';
import { type HbaToken, nextToken, logicalLines } from '../hba/tokens.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';

/** A field is a comma-separated list. */
export type AuthField = readonly HbaToken[];

export interface AuthLine {
  readonly file: string;
  /** The first of its physical lines, from 1. */
  readonly line: number;
  readonly fields: readonly AuthField[];
  /** In the server's words; null: it can be read. */
  readonly error: string | null;
}

/** CONF_FILE_MAX_DEPTH of PostgreSQL; before 16 only the number of open files ended a loop, and the reload with it. */
const maxDepth = (versionNum: number): number => (versionNum >= 160000 ? 10 : 300);
/** MAX_TOKEN: longer ones were an error before 16; 14.9 and 15.4 let them grow. */
function longestToken(versionNum: number): number {
  if (versionNum >= 160000) return Number.POSITIVE_INFINITY;
  return versionNum >= 150004 || (versionNum >= 140009 && versionNum < 150000) ? 10_239 : 255;
}

const notThere = 'No such file or directory';
const notFolder = 'Not a directory';

/** `main` is read first. Absolute paths; a file that the view does not have is not there. */
export function readAuthFile(main: string, view: FileView, versionNum: number): readonly AuthLine[] {
  const reader = new Reader(view, versionNum);
  const content = view.read(main);
  if (content !== null) reader.read(main, content, 0);
  return reader.lines;
}

class Reader {
  readonly lines: AuthLine[] = [];
  readonly #view: FileView;
  readonly #versionNum: number;

  constructor(view: FileView, versionNum: number) {
    this.#view = view;
    this.#versionNum = versionNum;
  }

  read(file: string, content: string, depth: number): void {
    for (const { from, text } of logicalLines(content, this.#versionNum)) {
      const { fields, error } = this.#fieldsOf(file, text, depth);
      if (fields.length === 0 && error === null) continue;
      const why = error ?? this.#include(file, fields, depth);
      if (why !== included) this.lines.push({ file, line: from, fields, error: why });
    }
  }

  #fieldsOf(file: string, text: string, depth: number): Pick<AuthLine, 'fields' | 'error'> {
    const fields: AuthField[] = [];
    let error: string | null = null;
    for (let at = 0; at < text.length && error === null;) {
      const field: HbaToken[] = [];
      for (let more = true; more && error === null;) {
        const { token, comma, next } = nextToken(text, at);
        at = next;
        more = token !== null && comma;
        if (token === null) break;
        if (token.text.length > longestToken(this.#versionNum)) return { fields, error: tooLong };
        if (!token.quoted && token.text.length > 1 && token.text.startsWith('@')) {
          const list = this.#listOf(file, token.text.slice(1), depth);
          field.push(...list.tokens);
          error = list.error;
        } else field.push(token);
      }
      if (field.length > 0) fields.push(field);
    }
    return { fields, error };
  }

  /** What `@file` stands for. */
  #listOf(file: string, name: string, depth: number): { tokens: readonly HbaToken[]; error: string | null } {
    const path = resolveFrom(file, name);
    const opened = this.#open(path, depth + 1);
    if ('error' in opened) {
      const old = `could not open secondary authentication file "@${name}" as "${path}": ${opened.error.endsWith(notFolder) ? notFolder : notThere}`;
      return { tokens: [], error: this.#versionNum >= 160000 ? opened.error : old };
    }
    const inner = new Reader(this.#view, this.#versionNum);
    inner.read(path, opened.content, depth + 1);
    const broken = inner.lines.findIndex(({ error }) => error !== null);
    const good = broken < 0 ? inner.lines : inner.lines.slice(0, broken);
    return {
      tokens: good.flatMap(({ fields }) => fields.flat()),
      error: inner.lines[broken]?.error ?? null,
    };
  }

  /** null: an ordinary line. `included`: its place is taken by what it names. */
  #include(file: string, fields: readonly AuthField[], depth: number): string | typeof included | null {
    const [keyword, name] = [fields[0]?.[0]?.text, fields[1]?.[0]?.text];
    if (this.#versionNum < 160000 || fields.length !== 2 || name === undefined) return null;
    if (keyword === 'include') return this.#includeFile(resolveFrom(file, name), depth, false) ?? included;
    if (keyword === 'include_if_exists') return this.#includeFile(resolveFrom(file, name), depth, true) ?? included;
    if (keyword !== 'include_dir') return null;
    const folder = resolveFrom(file, name);
    const names = this.#view.list(folder);
    if (names === null) return `could not open directory "${folder}"`;
    const errors = names
      .filter(isIncludable)
      .sort(byCodeUnit)
      .flatMap((one) => this.#includeFile(`${folder}/${one}`, depth, false) ?? []);
    return errors.length === 0 ? included : errors.join('\n');
  }

  #includeFile(path: string, depth: number, mayBeMissing: boolean): string | null {
    const opened = this.#open(path, depth + 1);
    if ('error' in opened) return opened.isMissing && mayBeMissing ? null : opened.error;
    this.read(path, opened.content, depth + 1);
    return null;
  }

  #open(
    path: string,
    depth: number,
  ): { readonly content: string } | { readonly error: string; readonly isMissing: boolean } {
    if (depth > maxDepth(this.#versionNum))
      return { error: `could not open file "${path}": maximum nesting depth exceeded`, isMissing: false };
    // A folder can be opened like a file, and holds nothing.
    const content = this.#view.read(path) ?? (this.#view.list(path) === null ? null : '');
    if (content !== null) return { content };
    // `include_if_exists` passes over what is not there, and not over a path that leads through a file.
    const isMissing = !this.#leadsThroughFile(path);
    return { error: `could not open file "${path}": ${isMissing ? notThere : notFolder}`, isMissing };
  }

  #leadsThroughFile(path: string): boolean {
    for (let folder = dirname(path); folder !== '/' && folder !== '.'; folder = dirname(folder)) {
      if (this.#view.list(folder) !== null) return false;
      if (this.#view.read(folder) !== null) return true;
    }
    return false;
  }
}

/** Not a message: the line's place is taken. */
const included = Symbol('included');
const tooLong = 'authentication file token too long';
