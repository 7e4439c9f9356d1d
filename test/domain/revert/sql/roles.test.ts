import { describe, expect, it } from '@jest/globals';
import type { RoleEntry } from '../../../../domain/snapshot.ts';
import { planned, role, sections, sqlOf } from './builders.ts';

const revert = (s: readonly RoleEntry[], c: readonly RoleEntry[] | null, l: readonly RoleEntry[] = c ?? []) =>
  planned(sections({ roles: s }), c === null ? null : sections({ roles: c }), sections({ roles: l }));

describe('roles', () => {
  for (const [name, s, c, l, want] of [
    ['gets LOGIN back', {}, { login: false }, { login: false }, ['alter role app login']],
    [
      'gets back only what the change took',
      {},
      { login: false, connectionLimit: 0 },
      { login: false, connectionLimit: 0, createDb: true },
      ['alter role app login connection limit -1'],
    ],
    [
      'never ends again, as far as PostgreSQL can say so',
      {},
      { validUntil: '2020-01-01T00:00:00.000000Z' },
      { validUntil: '2020-01-01T00:00:00.000000Z' },
      ["alter role app valid until 'infinity'"],
    ],
    [
      'needs nothing when infinity stands for no end',
      {},
      { validUntil: '2020-01-01T00:00:00.000000Z' },
      { validUntil: 'infinity' },
      [],
    ],
    [
      'gets its old password to the letter',
      { verifier: 'hmac:0a' },
      { verifier: 'hmac:0b' },
      { verifier: 'hmac:0b' },
      ["alter role app password 'SCRAM-SHA-256$4096:old'"],
    ],
    [
      'loses a password that the change gave it',
      {},
      { verifier: 'hmac:0b' },
      { verifier: 'hmac:0b' },
      ['alter role app password null'],
    ],
    [
      'keeps a password that somebody else rotated',
      { verifier: 'hmac:0a' },
      { verifier: 'hmac:0b' },
      { verifier: 'hmac:0c' },
      [],
    ],
    [
      'keeps a password that only somebody else rotated',
      { verifier: 'hmac:0a', login: true },
      { verifier: 'hmac:0a', login: false },
      { verifier: 'hmac:0c', login: false },
      ['alter role app login'],
    ],
    [
      'is not judged by a password that nobody may read',
      { verifier: 'hmac:0a' },
      { verifier: 'unreadable' },
      { verifier: 'unreadable' },
      [],
    ],
  ] as const)
    it(`of which one ${name}`, () => {
      expect(sqlOf(revert([role('app', s)], [role('app', c)], [role('app', l)]))).toEqual(want);
    });

  it('never show a password', () => {
    const units = revert([role('app', { verifier: 'hmac:0a' })], [role('app', { verifier: 'hmac:0b' })]);
    expect(JSON.stringify(units.map(({ items }) => items))).not.toMatch(/SCRAM/);
    expect(units[0]?.items[0]?.summary).toBe("alter role app password '<hmac:0a>';");
  });

  it('of which the old password is not known are said to remain', () => {
    const [unit] = revert([role('app', { verifier: 'hmac:ff' })], [role('app', { verifier: null })]);
    expect(unit).toMatchObject({ statements: [], problem: { code: 'password-unknown' } });
  });

  it('name a rotated password as a conflict that stays', () => {
    const [unit] = revert(
      [role('app', { verifier: 'hmac:0a' })],
      [role('app', { verifier: 'hmac:0b' })],
      [role('app', { verifier: 'hmac:0c' })],
    );
    expect(unit?.items[0]?.decision).toBe('conflict-kept');
    expect(unit?.conflicts).toEqual(['role app: somebody else changed its password since: it stays']);
  });

  it('that both changed go back, and that is said', () => {
    const [unit] = revert([role('app')], [role('app', { connectionLimit: 0 })], [role('app', { connectionLimit: 5 })]);
    expect(unit?.items[0]).toMatchObject({
      decision: 'conflict-restored',
      summary: 'alter role app connection limit -1;',
    });
    expect(unit?.conflicts).toEqual(['role app: somebody else made it connection limit 5 since']);
  });

  it('that the change made stay, and cannot log in', () => {
    expect(sqlOf(revert([], [role('new')]))).toEqual(['alter role new nologin']);
    const [unit] = revert([], [role('new', { login: false })]);
    expect(unit).toMatchObject({ statements: [], problem: null });
    expect(unit?.items[0]?.decision).toBe('not-revertible');
  });

  it('that the change dropped are made anew with all they had', () => {
    const s = role('app', { connectionLimit: 3, verifier: 'hmac:0a', settings: { '': ['work_mem=8MB'] } });
    expect(sqlOf(revert([s], []))).toEqual([
      "create role app nosuperuser inherit nocreaterole nocreatedb login noreplication nobypassrls connection limit 3 password 'SCRAM-SHA-256$4096:old'",
      "alter role app set work_mem = '8MB'",
    ]);
  });

  it("that somebody else made are nobody's business", () => {
    expect(revert([], [], [role('theirs')])).toEqual([]);
  });
});

describe('settings of roles and databases', () => {
  for (const [name, s, c, l, want] of [
    [
      'come back in their order',
      ['a=1', 'b=2'],
      ['b=2', 'a=1'],
      ['b=2', 'a=1'],
      ['alter role app reset all', "alter role app set a = '1'", "alter role app set b = '2'"],
    ],
    [
      'keep what somebody else set since',
      ['work_mem=8MB'],
      ['work_mem=1MB'],
      ['work_mem=1MB', 'jit=off'],
      ['alter role app reset all', "alter role app set work_mem = '8MB'", "alter role app set jit = 'off'"],
    ],
    ['are gone when there were none', [], ['a=1'], ['a=1'], ['alter role app reset all']],
    [
      'keep the elements of a list apart',
      ['search_path="$user", public'],
      [],
      [],
      ["alter role app set search_path = '$user', 'public'"],
    ],
    ['know a list with one empty element', ['search_path=""'], [], [], ["alter role app set search_path = ''"]],
    ['quote what needs it', ["my.tenant=o'brien\\"], [], [], ["alter role app set my.tenant = E'o''brien\\\\'"]],
  ] as const)
    it(name, () => {
      const one = (list: readonly string[]): RoleEntry =>
        role('app', { settings: list.length === 0 ? {} : { '': list } });
      expect(sqlOf(revert([one(s)], [one(c)], [one(l)]))).toEqual(want);
    });

  it('belong to a role, a database, both or everybody', () => {
    const all = (value: string): RoleEntry[] => [
      role('app', { settings: { shop: [`a=${value}`] } }),
      role('', { settings: { '': [`a=${value}`], 'Odd db': [`a=${value}`] } }),
    ];
    expect(sqlOf(revert(all('1'), all('2'))).filter((line) => line.includes(' set '))).toEqual([
      "alter role all set a = '1'",
      `alter database "Odd db" set a = '1'`,
      "alter role app in database shop set a = '1'",
    ]);
  });

  it('are set one by one when a secret among them is not known', () => {
    const one = (list: readonly string[]): RoleEntry => role('app', { settings: { '': list } });
    const units = revert([one(['my.password=hmac:0d', 'a=1'])], [one(['my.password=hmac:0d', 'a=2'])]);
    expect(sqlOf(units)).toEqual(["alter role app set a = '1'"]);
    expect(units[0]?.problem).toBeNull();
  });
});
