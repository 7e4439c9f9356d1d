/**
 * The lexer of postgresql.conf (`guc-file.l`), line by line. Content is a string of bytes (one char a byte, latin1), so
 * that nothing is lost for files in any encoding. It knows syntax only: no names, no values, no other files.
 */

export type ConfLine =
  | { readonly kind: 'setting'; readonly line: number; readonly name: string; readonly value: string }
  | { readonly kind: IncludeKind; readonly line: number; readonly value: string }
  | { readonly kind: 'error'; readonly line: number; readonly text: string };

export type IncludeKind = 'include' | 'include_if_exists' | 'include_dir';

type Token = { readonly type: 'id' | 'qualified' | 'value' | 'equals' | 'error'; readonly text: string };

const id = '[A-Za-z_\\x80-\\xff][A-Za-z_0-9\\x80-\\xff]*';
/** In the order of guc-file.l: the longest match wins, the earlier one among equals. */
const patterns: readonly (readonly [Token['type'], RegExp])[] = [
  ['id', new RegExp(id, 'y')],
  ['qualified', new RegExp(`${id}\\.${id}`, 'y')],
  ['value', /'(?:[^'\\\n]|\\.|'')*'/y],
  ['value', /[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff\-._:/]*/y],
  ['value', /[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)[a-zA-Z]*/y],
  ['value', /[-+]?[0-9]*\.[0-9]*(?:[Ee][-+]?[0-9]+)?/y],
  ['equals', /=/y],
];

/** Every line that says something; comments and empty lines are left out. Line numbers start at 1. */
export function parseConf(content: string): readonly ConfLine[] {
  const parsed: ConfLine[] = [];
  content.split('\n').forEach((text, index) => {
    const tokens = tokensOf(text);
    if (tokens.length > 0) parsed.push(lineOf(tokens, index + 1, text));
  });
  return parsed;
}

function lineOf(tokens: readonly Token[], line: number, text: string): ConfLine {
  const rest = tokens[1]?.type === 'equals' ? tokens.slice(2) : tokens.slice(1);
  const [name, value] = [tokens[0], rest[0]];
  const named = name?.type === 'id' || name?.type === 'qualified';
  if (!named || rest.length !== 1 || (value?.type !== 'value' && value?.type !== 'id'))
    return { kind: 'error', line, text };
  const unquoted = unquote(value.text);
  const keyword = name.text.toLowerCase();
  if (keyword === 'include' || keyword === 'include_if_exists' || keyword === 'include_dir')
    return { kind: keyword, line, value: unquoted };
  return { kind: 'setting', line, name: name.text, value: unquoted };
}

function tokensOf(line: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === ' ' || char === '\t' || char === '\r') at += 1;
    else if (char === '#') break;
    else {
      const token = longestAt(line, at);
      tokens.push(token);
      if (token.type === 'error') break;
      at += token.text.length;
    }
  }
  return tokens;
}

function longestAt(line: string, at: number): Token {
  let best: Token = { type: 'error', text: line.slice(at) };
  let length = 0;
  for (const [type, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(line)?.[0] ?? '';
    if (text.length > length) [best, length] = [{ type, text }, text.length];
  }
  return best;
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unquote(token: string): string {
  if (!token.startsWith("'")) return token;
  return token.slice(1, -1).replace(/''|\\([0-7]{1,3}|[^])/g, (whole, escaped: string | undefined) => {
    if (escaped === undefined) return whole.charAt(0);
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 0xff);
    return escapes[escaped] ?? escaped;
  });
}

/** A value as a quoted literal that reads back as itself. */
export function quoteConf(value: string): string {
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "''").replace(/\n/g, '\\n')}'`;
}
