/** A policy's expression is taken as the server says it the second time, which it then says for ever. */
import { expect, it } from '@jest/globals';
import { settledExpression } from '../../../targets/postgres/catalog/expression.ts';

for (const [what, first, second] of [
  [
    'IN over a column that is cast',
    "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
    "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))",
  ],
  [
    'a type with a length, and a literal like an array',
    "(c = ANY ((ARRAY['(ARRAY[1])::text[]'::text, x])::character varying(9)[]))",
    "(c = ANY (ARRAY[('(ARRAY[1])::text[]'::text)::character varying(9), (x)::character varying(9)]))",
  ],
  [
    'a type of another schema, and a name with a quote',
    '(("a ""AND"" b" = ANY ((ARRAY[f(1, 2)])::"Odd S".mood[])) OR a)',
    '(("a ""AND"" b" = ANY (ARRAY[(f(1, 2))::"Odd S".mood])) OR a)',
  ],
  [
    'arrays in an array',
    '((ARRAY[ARRAY[a, b], ARRAY[c, d]])::text[])',
    '(ARRAY[ARRAY[(a)::text, (b)::text], ARRAY[(c)::text, (d)::text]])',
  ],
  ['an array that is cast to something else', "((ARRAY['a'::text])::text AND (x[1] OR y))", null],
  ['an array by itself', "(a = ANY (ARRAY['x'::text, 'y'::text]))", null],
  ['BETWEEN within AND', '(((n >= 1) AND (n <= 5)) AND (a = b))', '((n >= 1) AND (n <= 5) AND (a = b))'],
  ['NOT BETWEEN within OR', '((a = b) OR ((n < 1) OR (n > 5)))', '((a = b) OR (n < 1) OR (n > 5))'],
  ['AND within OR', '(((n >= 1) AND (n <= 5)) OR (a = b))', null],
  [
    'words within literals',
    "((a = ' AND (') AND ((b = E'it\\'s OR') AND c))",
    "((a = ' AND (') AND (b = E'it\\'s OR') AND c)",
  ],
  ['a call', '(f((a AND b)) AND g((c OR d), (e OR h)))', null],
  ['a deep chain', '((((a AND b) AND c) AND d) AND e)', '(a AND b AND c AND d AND e)'],
  [
    'the frame of a window',
    '(EXISTS ( SELECT sum(1) OVER (ROWS BETWEEN (1)::bigint PRECEDING AND (2)::bigint FOLLOWING) AS sum))',
    null,
  ],
] as const)
  it(what, () => {
    expect(settledExpression(first)).toBe(second ?? first);
    expect(settledExpression(second ?? first)).toBe(second ?? first);
  });
