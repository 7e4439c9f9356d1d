/** Regular expressions in rules and maps, from 16 on: PostgreSQL's own flavour, as far as it is the same as JavaScript's. */

/** In the server's words; null: it compiles, or nobody but the server can tell. */
export function regexProblem(text: string): string | null {
  if (!text.startsWith('/')) return null;
  const compiled = compileRegex(text.slice(1));
  return compiled.kind === 'invalid' ? `invalid regular expression "${text.slice(1)}": ${compiled.why}` : null;
}

export type CompiledRegex =
  | { readonly kind: 'regex'; matches(subject: string): boolean; captured(subject: string): Captured }
  | { readonly kind: 'invalid'; readonly why: string }
  /** A form whose meaning differs between the two, or whose error only the server words. */
  | { readonly kind: 'undecidable' };

/** What the first group holds, in a subject that matches. */
export type Captured =
  | { readonly kind: 'text'; readonly text: string }
  /** There is no group. */
  | { readonly kind: 'none' }
  /** How much it takes depends on rules that differ between the two. */
  | { readonly kind: 'undecidable' };

/** Literals, `.`, simple classes, anchors, groups, alternatives and the four quantifiers mean the same in both. */
const shared = /^(?:[^\\[\](){}*+?|^$.]|\\[^a-zA-Z0-9]|\[\^?[a-zA-Z0-9_.@ -]+\]|[.^$|()*+?])*$/;

export function compileRegex(source: string): CompiledRegex {
  const why = firstMistake(source);
  if (why !== null) return { kind: 'invalid', why };
  if (source.startsWith('***') || source.startsWith('(?') || !shared.test(source)) return { kind: 'undecidable' };
  const bare = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/(^|[(|^$])[*+?]|[*+?]{2}/.test(bare)) return { kind: 'undecidable' };
  try {
    // A dot takes a line break too. Greed decides nothing here: only whether there is a match, and what a group takes that cannot take anything else.
    const regex = new RegExp(source, 'us');
    const captured = (subject: string): Captured => {
      if (!bare.includes('(')) return { kind: 'none' };
      const text = takesOneThing.test(bare) ? regex.exec(subject)?.[1] : undefined;
      return text === undefined ? { kind: 'undecidable' } : { kind: 'text', text };
    };
    return { kind: 'regex', matches: (subject) => regex.test(subject), captured };
  } catch {
    return { kind: 'undecidable' };
  }
}

/** From end to end one group, and around it only what has one length. */
const takesOneThing = /^\^[^()*+?|^$]*\([^()|^$]*\)[^()*+?|^$]*\$$/;

/** Of those that the server words in one way only, the first in the order in which it reads. */
function firstMistake(source: string): string | null {
  let open = 0;
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (char === '\\') {
      at += 1;
      if (at === source.length || noEscape.test(source.charAt(at))) return 'invalid escape \\ sequence';
    } else if (char === '(') open += 1;
    else if (char === ')' && --open < 0) return parentheses;
    else if (char === '[') {
      // A bracket that stands first in a class is a member of it.
      const end = source.indexOf(']', at + (source.charAt(at + 1) === '^' ? 3 : 2));
      if (end < 0) return 'brackets [] not balanced';
      at = end;
    }
  }
  return open > 0 ? parentheses : null;
}

/** Letters that mean nothing after a backslash. */
const noEscape = /[ghijklopqzCEFGHIJKLNOPQRTVX]/;
const parentheses = 'parentheses () not balanced';
