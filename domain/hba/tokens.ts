/** The tokeniser of pg_hba.conf and pg_ident.conf (`next_token`, `tokenize_auth_file`): fields, not their meaning. */

export interface HbaToken {
  readonly text: string;
  /** A quote stood before its first character: `"all"` is a name, `a"ll"` the keyword. */
  readonly quoted: boolean;
}

export interface HbaLine {
  /** Physical lines, from 1, both included: a rule may be continued with a backslash. */
  readonly from: number;
  readonly to: number;
  /** A field is a comma-separated list; empty for comments and blank lines. */
  readonly fields: readonly (readonly HbaToken[])[];
}

/** Every logical line, comments and blank ones included, so that physical lines can be cut at rules. */
export function tokeniseHba(content: string, versionNum: number): readonly HbaLine[] {
  return logicalLines(content, versionNum).map(({ from, to, text }) => ({ from, to, fields: fieldsOf(text) }));
}

/** Logical lines before their fields are told apart. */
export function logicalLines(
  content: string,
  versionNum: number,
): readonly { readonly from: number; readonly to: number; readonly text: string }[] {
  const physical = content.split('\n');
  if (physical.at(-1) === '') physical.pop();
  const lines: { from: number; to: number; text: string }[] = [];
  for (let at = 0; at < physical.length; at += 1) {
    const from = at + 1;
    let joined = '';
    let lastBackslash = 0;
    for (; at < physical.length; at += 1) {
      const line = physical[at] ?? '';
      joined += line.endsWith('\r') ? line.replace(/\r+$/, '') : line;
      // Before 14 there was no continuation; a second backslash right where the last one stood is not one.
      if (versionNum < 140000 || joined.length <= lastBackslash || !joined.endsWith('\\')) break;
      joined = joined.slice(0, -1);
      lastBackslash = joined.length;
    }
    lines.push({ from, to: Math.min(at + 1, physical.length), text: upToNul(joined) });
  }
  return lines;
}

function upToNul(line: string): string {
  const at = line.indexOf('\0');
  return at < 0 ? line : line.slice(0, at);
}

/** The fields of one logical line. */
export function fieldsOf(line: string): readonly (readonly HbaToken[])[] {
  const fields: HbaToken[][] = [];
  let at = 0;
  while (at < line.length) {
    const field: HbaToken[] = [];
    for (let more = true; more;) {
      const read = nextToken(line, at);
      at = read.next;
      if (read.token !== null) field.push(read.token);
      more = read.token !== null && read.comma;
    }
    if (field.length > 0) fields.push(field);
  }
  return fields;
}

const isBlank = (char: string): boolean => char === ' ' || char === '\t' || char === '\r';

export function nextToken(line: string, start: number): { token: HbaToken | null; comma: boolean; next: number } {
  let at = start;
  while (at < line.length && (isBlank(line.charAt(at)) || line.charAt(at) === ',')) at += 1;
  plain.lastIndex = at;
  const [word] = plain.exec(line) ?? [];
  if (word !== undefined && line.charAt(at + word.length) !== '"') return plainToken(line, at, word);
  let text = '';
  let [inQuote, wasQuote, sawQuote, quoted, comma] = [false, false, false, false, false];
  for (; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (isBlank(char) && !inQuote) break;
    if (char === '#' && !inQuote) {
      at = line.length;
      break;
    }
    if (char === ',' && !inQuote) {
      comma = true;
      at += 1;
      break;
    }
    if (char !== '"' || wasQuote) text += char;
    wasQuote = inQuote && char === '"' ? !wasQuote : false;
    if (char === '"') {
      inQuote = !inQuote;
      sawQuote = true;
      if (text === '') quoted = true;
    }
  }
  return { token: sawQuote || text !== '' ? { text, quoted } : null, comma, next: at };
}

/** Most hold no quote. */
const plain = /[^ \t\r,#"]+/y;

function plainToken(line: string, at: number, text: string): ReturnType<typeof nextToken> {
  const end = at + text.length;
  const char = line.charAt(end);
  const next = char === '#' ? line.length : char === ',' ? end + 1 : end;
  return { token: { text, quoted: false }, comma: char === ',', next };
}
