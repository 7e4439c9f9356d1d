/** The words of a need: what is read, and how a mistake is told. */
import { describe, expect, it } from '@jest/globals';
import { needInWords, parseNeed } from '../../domain/access/need.ts';
import { signatureOf } from '../../domain/access/signature.ts';

describe('a need', () => {
  for (const [text, words] of [
    ['select on public.images', 'select on public.images'],
    ['SELECT ON TABLE Public.Images', 'select on public.images'],
    ['select on view public.listed', 'select on public.listed'],
    ['update on "My Shop"."Order"', 'update on "My Shop"."Order"'],
    ['select on public.order', 'select on public."order"'],
    ['select on column public.images.path', 'select on column public.images.path'],
    ['usage on sequence public.images_id_seq', 'usage on sequence public.images_id_seq'],
    ['usage on schema app', 'usage on schema app'],
    ['maintain on public.images', 'maintain on public.images'],
    ['execute on function public.f', 'execute on routine public.f'],
    ['execute on function public.f()', 'execute on routine public.f()'],
    ['execute on procedure app.p(int, varchar(10)[])', 'execute on routine app.p(integer, character varying[])'],
    [
      'execute on function public.f(a timestamptz, VARIADIC b "My Type"[])',
      'execute on routine public.f(timestamp with time zone, "My Type"[])',
    ],
    ['execute on routine public.total(*)', 'execute on routine public.total()'],
  ] as const)
    it(`reads "${text}"`, () => {
      const parsed = parseNeed(text);
      expect(parsed.kind === 'need' ? needInWords(parsed.need) : parsed).toBe(words);
      expect(parseNeed(words)).toEqual(parsed);
    });

  for (const [text, message, hint] of [
    ['selct on public.images', 'unknown privilege "selct"', 'Did you mean "select"?'],
    ['select on tabel public.images', 'unknown kind of object "tabel"', 'Did you mean "table"?'],
    [
      'execute on public.images',
      'a table has no privilege "execute"',
      'Known: select, insert, update, delete, truncate, references, trigger, maintain.',
    ],
    ['select on images', '"images" has 1 part', 'Name it in full, such as public.images.'],
    ['select on column public.images', '"public.images" has 2 parts', 'Name it in full, such as public.images.id.'],
    [
      'execute on function public.f(integer',
      '"public.f(integer" is not the name of a routine',
      'In YAML, quote what holds a comma.',
    ],
    ['select on public.', '"public." is not the name of a table', 'In YAML, quote what holds a comma.'],
    [
      'select public.images',
      '"select public.images" is not a privilege on something',
      expect.stringContaining('as GRANT does'),
    ],
    ['', '"" is not a privilege on something', expect.stringContaining('as GRANT does')],
  ] as const)
    it(`refuses "${text}"`, () => expect(parseNeed(text)).toEqual({ kind: 'wrong', message, hint }));
});

describe('a signature', () => {
  for (const [printed, types] of [
    ['public.f(a integer, OUT b text, VARIADIC c text[])', ['integer', 'text[]']],
    [
      'public.f(timestamp with time zone, "a b" double precision, INOUT c app."T")',
      ['timestamp with time zone', 'double precision', 'app."T"'],
    ],
    ['public.f("char", "a, b" bit varying)', ['"char"', 'bit varying']],
    ['"a(b"."c)"(IN x numeric)', ['numeric']],
    ['public.f(double double precision[])', ['double precision[]']],
  ] as const)
    it(`takes what "${printed}" takes`, () => expect(signatureOf(printed)?.types).toEqual(types));

  it('knows the other names of a type', () => {
    const text =
      'f(int, int4, pg_catalog.int8, "varchar", dec, char, float, decimal(10, 2), timestamp(3) with time zone, bool[3][])';
    expect(signatureOf(text)?.types?.join()).toBe(
      'integer,integer,bigint,character varying,numeric,character,double precision,numeric,timestamp with time zone,boolean[]',
    );
  });
});
