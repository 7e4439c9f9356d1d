/** Roles on the list go back to what they were only where that opens nothing. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closeRoles } from '../../../domain/revert/closed-roles.ts';
import type { RoleEntry } from '../../../domain/snapshot.ts';
import { planned, role, sections } from './sql/builders.ts';

const list = { roles: ['vendor'] };
const soon = '2026-01-31T12:00:00.000000Z';
const later = '2027-01-31T12:00:00.000000Z';

describe('a role on the list', () => {
  for (const [name, was, is, statements, stays] of [
    ['stays without login', {}, { login: false }, [], ['LOGIN']],
    ['loses again the login that the change gave it', { login: false }, {}, ['alter role vendor nologin'], []],
    ['stays limited', { connectionLimit: 5 }, { connectionLimit: 0 }, [], ['CONNECTION LIMIT']],
    ['is limited again', { connectionLimit: 5 }, { connectionLimit: -1 }, ['alter role vendor connection limit 5'], []],
    ['stays expired', {}, { validUntil: soon }, [], ['VALID UNTIL']],
    ['stays expired, the sooner of two ends', { validUntil: later }, { validUntil: soon }, [], ['VALID UNTIL']],
    ['keeps its new password', { verifier: 'hmac:1' }, { verifier: 'hmac:2' }, [], ['PASSWORD']],
    ['stays without a password', { verifier: 'hmac:1' }, { verifier: null }, [], ['PASSWORD']],
    [
      'loses again the password that the change gave it',
      {},
      { verifier: 'hmac:2' },
      ['alter role vendor password null'],
      [],
    ],
    [
      'is no superuser again, and no new one',
      { superuser: true, replication: false },
      { superuser: false, replication: true },
      ['alter role vendor noreplication'],
      ['SUPERUSER'],
    ],
    ['goes back in what opens nothing', { inherit: false }, { inherit: true }, ['alter role vendor noinherit'], []],
  ] as const)
    it(name, () => {
      const [before, change] = [role('vendor', was), role('vendor', is)];
      expect(revert([before], [change], [change])).toEqual({
        statements,
        stays: stays.length === 0 ? [] : [`role vendor stays as it is: ${stays.join(', ')}`],
      });
    });

  it('is made anew without a way in, when the change has dropped it', () => {
    const { statements, stays } = revert([role('vendor', { verifier: 'hmac:1', createDb: true })], [], []);
    expect(statements).toEqual([
      'create role vendor nosuperuser inherit nocreaterole nocreatedb nologin noreplication nobypassrls connection limit -1 password null',
    ]);
    expect(stays).toEqual(['role vendor is made anew and cannot log in']);
  });

  it('that the change did not touch is nothing to be held back, whoever has closed it since', () => {
    const [was, is] = [role('vendor'), role('vendor', { login: false })];
    expect(revert([was], [was], [is])).toEqual({ statements: [], stays: [] });
  });
});

it('every other role goes back whole', () => {
  const [was, is] = [role('app'), role('app', { login: false })];
  expect(revert([was], [is], [is])).toEqual({ statements: ['alter role app login'], stays: [] });
});

const entry = fc
  .record({
    login: fc.boolean(),
    superuser: fc.boolean(),
    replication: fc.boolean(),
    bypassRls: fc.boolean(),
    connectionLimit: fc.constantFrom(-1, 0, 3),
    validUntil: fc.constantFrom(null, soon, later, 'infinity', '-infinity'),
    verifier: fc.constantFrom(null, 'hmac:1', 'hmac:2'),
  })
  .map((bend) => role('vendor', bend));

it('nothing of it is ever more open than it is', () => {
  fc.assert(
    fc.property(entry, entry, entry, (before, change, live) => {
      const [want = before] = closeRoles([before], [change], [live], list).roles;
      for (const name of ['login', 'superuser', 'replication', 'bypassRls'] as const)
        expect([want[name], live[name]]).not.toEqual([true, false]);
      const limit = ({ connectionLimit }: RoleEntry): number => (connectionLimit === -1 ? Infinity : connectionLimit);
      expect(limit(want)).toBeLessThanOrEqual(limit(live));
      expect(end(want)).toBeLessThanOrEqual(end(live));
      expect([null, live.verifier]).toContain(want.verifier);
    }),
  );
});

function end({ validUntil }: RoleEntry): number {
  if (validUntil === null || validUntil === 'infinity') return Infinity;
  return validUntil === '-infinity' ? -Infinity : Date.parse(validUntil);
}

function revert(before: readonly RoleEntry[], change: readonly RoleEntry[], live: readonly RoleEntry[]) {
  const { roles, problems } = closeRoles(before, change, live, list);
  const units = planned(sections({ roles }), sections({ roles: change }), sections({ roles: live }));
  return {
    statements: units.flatMap(({ statements }) => statements.map(({ sql }) => sql)),
    stays: problems.map(({ message }) => message),
  };
}
