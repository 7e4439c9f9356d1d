/** A routine's name and the types that it takes, so that `f(int)` is found as `public.f(a integer, OUT b text)`. */
import { inLowerCase, nameParts, spelled, splitOutside } from './sql-name.ts';

export interface Signature {
  /** Before the parentheses. */
  readonly name: string;
  /** As the server prints types; null: not said. */
  readonly types: readonly string[] | null;
}

/** null: there is something behind the parentheses, or they do not close. */
export function signatureOf(text: string): Signature | null {
  const [, name, inner] = /^((?:"(?:[^"]|"")*"|[^"()])+?)\s*(?:\(([^]*)\))?$/.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  if (inner === undefined) return { name, types: null };
  const given = inner.trim() === '*' ? [] : splitOutside(inner, ',');
  return { name, types: given.flatMap(takenType) };
}

/** What one argument adds to what the routine takes: nothing, when it only comes out. */
function takenType(argument: string): readonly string[] {
  const words = splitOutside(argument, ' ');
  const mode = inLowerCase(words[0] ?? '');
  if (mode === 'out') return [];
  const rest = words.length > 1 && ['in', 'inout', 'variadic'].includes(mode) ? words.slice(1) : words;
  const whole = canonicalType(rest.join(' '));
  const isNamed = rest.length > 1 && !longTypes.has(whole.replace(/\[\]$/, ''));
  return [isNamed ? canonicalType(rest.slice(1).join(' ')) : whole];
}

/** Types of several words, as the server prints them: anything else of several words is a name and its type. */
const longTypes: ReadonlySet<string> = new Set([
  'bit varying',
  'character varying',
  'double precision',
  'time with time zone',
  'time without time zone',
  'timestamp with time zone',
  'timestamp without time zone',
]);

/** The catalog's name → the printed one. */
const catalogNames: Readonly<Record<string, string>> = {
  bool: 'boolean',
  bpchar: 'character',
  float4: 'real',
  float8: 'double precision',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
  varchar: 'character varying',
};
/** What the grammar alone knows. */
const words: Readonly<Record<string, string>> = {
  char: 'character',
  'char varying': 'character varying',
  dec: 'numeric',
  decimal: 'numeric',
  float: 'double precision',
  int: 'integer',
  'national character': 'character',
  nchar: 'character',
};

/** Without modifiers, which are no part of a signature. */
function canonicalType(text: string): string {
  const [, bare = '', brackets = ''] = /^([^]*?)((?:\s*\[\d*\])*)$/.exec(text.trim()) ?? [];
  const array = brackets === '' ? '' : '[]';
  const base = bare
    .replace(/\(\s*\d+\s*(,\s*-?\d+\s*)?\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const lower = inLowerCase(base);
  if (!base.includes('"') && !base.includes('.'))
    return (own(words, lower) ?? own(catalogNames, lower) ?? lower) + array;
  const parts = nameParts(base);
  if (parts === null) return base + array;
  const [schema, name] = parts.length === 1 ? ['pg_catalog', parts[0] ?? ''] : [parts[0], parts.slice(1).join('.')];
  if (schema !== 'pg_catalog') return spelled(parts) + array;
  // "char" is another type than char.
  return (own(catalogNames, name) ?? (Object.hasOwn(words, name) ? `"${name}"` : spelled([name]))) + array;
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
