/** Names as SQL writes them: `public.orders`, `"My Shop".orders`. What is not quoted is in lower case. */
import { quoteName } from '../revert/sql/quote.ts';

const identifier = /(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))/y;

/** The parts without their quotes; null: it is no name. */
export function nameParts(text: string): readonly string[] | null {
  const parts: string[] = [];
  for (let at = 0; ; at += 1) {
    identifier.lastIndex = at;
    const [all, quoted, bare = ''] = identifier.exec(text) ?? [];
    if (all === undefined) return null;
    parts.push(quoted?.replace(/""/g, '"') ?? inLowerCase(bare));
    at += all.length;
    if (at === text.length) return parts;
    if (text.charAt(at) !== '.') return null;
  }
}

/** Parts as SQL spells them. PUBLIC is only for roles a word of its own. */
export function spelled(parts: readonly string[]): string {
  return parts.map((part) => (part === 'public' ? part : quoteName(part))).join('.');
}

/** Only ASCII, as the server does in UTF-8. */
export function inLowerCase(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Equal for names that mean the same, however they are quoted; the text itself where it is no name. */
export function nameKey(text: string): string {
  // Most are plain, and there are tens of thousands of them.
  if (/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/.test(text)) return text.replaceAll('.', '\0');
  return nameParts(text)?.join('\0') ?? text;
}

/** Pieces between a separator that stands neither in quotes nor in parentheses, blanks around them cut. */
export function splitOutside(text: string, separator: ',' | ' '): readonly string[] {
  const pieces: string[] = [];
  let [piece, depth] = ['', 0];
  for (const [word] of text.matchAll(/"(?:[^"]|"")*"|[^]/g)) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0 && (separator === ' ' ? /^\s$/.test(word) : word === separator)) {
      pieces.push(piece.trim());
      piece = '';
    } else piece += word;
  }
  pieces.push(piece.trim());
  return separator === ' ' || pieces.join('') === '' ? pieces.filter((one) => one !== '') : pieces;
}
