/** ACLs as PostgreSQL prints them, whatever the names in them are. */
import { expect, it } from '@jest/globals';
import { aclParser, arrayOf } from '../../../targets/postgres/catalog/acl.ts';

it.each([
  ['{}', []],
  ['{a=r/b}', ['a=r/b']],
  ['{=U/b,a=r*w/b}', ['=U/b', 'a=r*w/b']],
  ['{"\\"Odd, Role\\"=r/b",c=r/b}', ['"Odd, Role"=r/b', 'c=r/b']],
  ['{c=r/b,"\\"a\\\\b\\"\\"c\\"=r/b"}', ['c=r/b', '"a\\b""c"=r/b']],
] as const)('reads %s', (text, want) => {
  expect(arrayOf(text)).toEqual(want);
});

it('sorts them, and makes equal ones one', () => {
  const parse = aclParser();
  expect(parse('{b=r/o,a=r/o,=r/o}')).toEqual(['=r/o', 'a=r/o', 'b=r/o']);
  expect(parse('{a=r/o}')).toBe(parse('{a=r/o}'));
});
