/** Passwords in SQL are seen before a request is sent, without a parser: in doubt it is one. */
import { expect, it } from '@jest/globals';
import { setsPassword } from '../../domain/secrets.ts';

for (const [sql, holds] of [
  ["alter role a password 'x'", true],
  ["create user a encrypted PASSWORD\n'x'", true],
  ['create role a password /* /* */ */ $$x$$', true],
  ["alter role a login password e'x'", true],
  ['alter role a password null', false],
  ["alter role a set password_encryption = 'md5'", false],
  ['grant select (password) on users to a', false],
] as const)
  it(`${sql} ${holds ? 'holds' : 'holds no'} password`, () => expect(setsPassword(sql)).toBe(holds));
