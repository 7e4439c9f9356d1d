/** What a secret looks like, and what only looks like one. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdsSecret } from '../../domain/conf/settings.ts';
import { holdsLiteralSecret, isSecretSetting, referencePattern, setsPassword } from '../../domain/secrets.ts';

describe('a literal secret', () => {
  for (const text of [
    "primary_conninfo = 'host=a password=hunter2'",
    'password = hunter2',
    'PASSWORD=hunter2',
    'password="hunter2"',
    "password='hunter2'",
    '# password=hunter2',
    "primary_conninfo = 'password=''hunter 2'''",
    "alter role app password 'hunter2'",
    'host all all 0.0.0.0/0 ldap ldapserver=a ldapbindpasswd=hunter2',
    'host all all 0.0.0.0/0 radius radiussecrets="hunter2"',
    'postgresql://app:hunter2@db/shop',
    'postgres://app:hunter2@db/shop',
    'postgresql://:hunter2@db/shop',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN RSA PRIVATE KEY-----',
    "archive_command = 'PGPASSWORD=hunter2 push %p'",
    'sslpassword=hunter2',
    'password=${hunter2',
  ])
    it(`is in: ${text}`, () => expect(holdsLiteralSecret(text)).toBe(true));
});

describe('no literal secret', () => {
  for (const text of [
    '',
    'password=',
    "password=''",
    'password = # none',
    'password=${env:DB_PASSWORD}',
    'password = ${file:/run/secrets/db}',
    "password='${env:DB_PASSWORD}'",
    'password_encryption = scram-sha-256',
    'md5_password_warnings = on',
    'the password was rotated',
    'alter role app password null',
    "password='' host=a",
    'host all all 0.0.0.0/0 password',
    'postgresql://app@db:5432/shop',
    'postgresql://db:5432/shop',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----',
  ])
    it(`is in: ${text}`, () => expect(holdsLiteralSecret(text)).toBe(false));
});

it('a password is seen wherever it stands in a text', () => {
  const around = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '#', '=', '"') });
  const secret = fc.stringMatching(/^[A-Za-z0-9!$%*]{1,12}$/);
  fc.assert(
    fc.property(around, secret, around, (before, password, after) => {
      expect(holdsLiteralSecret(`${before} password=${password} ${after}`)).toBe(true);
    }),
    { verbose: true },
  );
});

describe('a setting that holds a secret', () => {
  for (const [name, want] of [
    ['primary_conninfo', true],
    ['SSL_Passphrase_Command', true],
    ['my_ext.password', true],
    ['my_ext.admin_token', true],
    ['my_ext.API_KEY', true],
    ['my_ext.tokens_per_second', false],
    ['password_encryption', false],
    ['scram_iterations', false],
    ['work_mem', false],
  ] as const)
    it(`${want ? 'is' : 'is not'} ${name}`, () => expect(holdsSecret(name)).toBe(want));

  it('by name alone: an extension’s says so itself', () => expect(isSecretSetting('my_ext.password')).toBe(false));
});

describe('a reference', () => {
  for (const [text, want] of [
    ['${env:DB_PASSWORD}', true],
    ['${file:/run/secrets/db}', true],
    ['${env:1X}', false],
    ['${env:}', false],
    ['${file:relative}', false],
    ['${file:/a b}', false],
    ['${env:A}x', false],
    ['x${env:A}', false],
    ['${ENV:A}', false],
    ['$env:A', false],
  ] as const)
    it(`${want ? 'is' : 'is not'} ${text}`, () => expect(referencePattern.test(text)).toBe(want));
});

describe('SQL that sets a password, read without a parser', () => {
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
});
