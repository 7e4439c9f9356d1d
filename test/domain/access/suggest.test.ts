/** What is made of who was seen: addresses as they were, networks only where they are obvious, and nobody left out in silence. */
import { describe, expect, it } from '@jest/globals';
import { isInNetwork, networksOf } from '../../../domain/access/networks.ts';
import type { ObservedPrincipal } from '../../../domain/access/observed.ts';
import { type Known, suggestDependents } from '../../../domain/access/suggest.ts';

const range = (from: number, to: number, text: (n: number) => string): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => text(from + at));

describe('addresses', () => {
  for (const [name, addresses, want] of [
    [
      'that are few stay what they are, sorted by number',
      ['10.2.0.10', '10.2.0.9', '10.2.0.9'],
      ['10.2.0.9/32', '10.2.0.10/32'],
    ],
    ['of IPv6 too', ['fd00::1'], ['fd00::1/128']],
    [
      'that are many in one subnet are the smallest network that holds them',
      range(5, 13, (n) => `10.2.0.${n}`),
      ['10.2.0.0/28'],
    ],
    ['of one half of it are that half', range(129, 200, (n) => `10.2.0.${n}`), ['10.2.0.128/25']],
    ['of all of it are all of it', range(0, 255, (n) => `10.2.0.${n}`), ['10.2.0.0/24']],
    ['that are many in IPv6', range(1, 9, (n) => `fd00::${n}`), ['fd00::/124']],
    ['that are eight are listed', range(1, 8, (n) => `10.2.0.${n}`), range(1, 8, (n) => `10.2.0.${n}/32`)],
    ['that are many, but strewn, are listed', range(1, 9, (n) => `10.2.${n}.1`), range(1, 9, (n) => `10.2.${n}.1/32`)],
    [
      'of two crowded subnets are two networks, and one beside them stays',
      [...range(0, 9, (n) => `10.2.0.${n}`), ...range(0, 9, (n) => `10.2.1.${n}`), '10.9.0.1'],
      ['10.2.0.0/28', '10.2.1.0/28', '10.9.0.1/32'],
    ],
    [
      'that differ in their first byte are strewn',
      range(1, 9, (n) => `${n}.2.0.1`),
      range(1, 9, (n) => `${n}.2.0.1/32`),
    ],
    ['of two IPv6 subnets too', range(1, 9, (n) => `fd00:0:0:${n}::1`), range(1, 9, (n) => `fd00:0:0:${n}::1/128`)],
    ['of both families: IPv4 first', ['1::', '11.0.0.1', '10.0.0.2'], ['10.0.0.2/32', '11.0.0.1/32', '1::/128']],
    ['that are none are left out', ['app.example', ''], []],
  ] as const) {
    it(name, () => expect(networksOf(addresses).map(({ network }) => network)).toEqual(want));
  }

  it('each lie in their network, which holds the first and the last of them', () => {
    const addresses = range(3, 40, (n) => `10.2.0.${n}`);
    const [one] = networksOf(addresses);
    expect(one?.addresses).toEqual(addresses);
    for (const address of addresses) expect(isInNetwork(address, one?.network ?? '')).toBe(true);
    expect(isInNetwork('10.2.0.64', one?.network ?? '')).toBe(false);
    expect(isInNetwork('10.2.0.3', '10.2.0.3')).toBe(true);
    expect(isInNetwork('fd00::1', '10.2.0.0/16')).toBe(false);
    expect(isInNetwork('app.example', '10.2.0.0/16')).toBe(false);
    expect(isInNetwork('10.2.0.3', 'app.example')).toBe(false);
  });
});

const noon = Date.UTC(2026, 2, 1, 12);

function aPrincipal(bend: Partial<ObservedPrincipal> = {}): ObservedPrincipal {
  return {
    user: 'image_svc',
    database: 'shop',
    address: '10.2.0.4',
    tls: true,
    replication: false,
    applicationName: 'images',
    firstSeen: noon,
    lastSeen: noon + 60_000,
    count: 2,
    ...bend,
  };
}

const nobody: Known = { superusers: new Set(), ownUsers: new Set(), declared: [] };

describe('dependents', () => {
  it('are one for each user and database, with each way in and what came by it', () => {
    const { suggestions, leftOut } = suggestDependents(
      [
        aPrincipal({ address: null, tls: false, count: 5 }),
        aPrincipal({ address: '10.2.0.5', lastSeen: noon + 90_000, applicationName: '' }),
        aPrincipal(),
        aPrincipal({ tls: false, firstSeen: noon - 1, count: 1, applicationName: 'batch' }),
        aPrincipal({ database: 'reports' }),
        aPrincipal({ user: 'cart' }),
      ],
      nobody,
    );
    expect(suggestions.map(({ user, database }) => `${user} ${database}`)).toEqual([
      'cart shop',
      'image_svc reports',
      'image_svc shop',
    ]);
    expect(suggestions[2]).toEqual({
      user: 'image_svc',
      database: 'shop',
      access: [
        { from: '10.2.0.4/32', tls: true, addresses: ['10.2.0.4'], count: 2 },
        { from: '10.2.0.5/32', tls: true, addresses: ['10.2.0.5'], count: 2 },
        { from: '10.2.0.4/32', tls: false, addresses: ['10.2.0.4'], count: 1 },
        { from: null, tls: false, addresses: [], count: 5 },
      ],
      applications: ['batch', 'images'],
      firstSeen: noon - 1,
      lastSeen: noon + 90_000,
      count: 10,
    });
    expect(leftOut).toEqual([]);
  });

  for (const [name, bend, known, why] of [
    ['superusers', { user: 'postgres' }, { superusers: new Set(['postgres']) }, 'a superuser'],
    ['the role of the agent', { user: 'knowngood' }, { ownUsers: new Set(['knowngood']) }, 'Knowngood itself'],
    ['the probes', { applicationName: 'knowngood-probe' }, {}, 'Knowngood itself'],
    ['standbys', { database: 'replication', replication: true }, {}, 'replication'],
    ['logical subscribers', { replication: true }, {}, 'replication'],
    [
      'whoever is declared',
      {},
      { declared: [{ user: 'image_svc', database: 'shop', from: '10.2.0.0/16', tls: true }] },
      'declared already',
    ],
    [
      'whoever is declared from anywhere',
      { address: null, tls: false },
      { declared: [{ user: 'image_svc', database: 'shop', from: null, tls: false }] },
      'declared already',
    ],
  ] as const) {
    it(`are not made of ${name}, who are named with the reason`, () => {
      const principal = aPrincipal(bend);
      const { suggestions, leftOut } = suggestDependents([principal, principal], { ...nobody, ...known });
      expect(suggestions).toEqual([]);
      expect(leftOut).toEqual([{ user: principal.user, why }]);
    });
  }

  for (const [name, bend] of [
    ['from elsewhere', { address: '10.3.0.4' }],
    ['over the socket', { address: null }],
    ['without TLS', { tls: false }],
    ['to another database', { database: 'other' }],
    ['as somebody else', { user: 'other' }],
  ] as const) {
    it(`are made of whoever comes ${name} than is declared`, () => {
      const declared = [{ user: 'image_svc', database: 'shop', from: '10.2.0.0/16', tls: true }];
      expect(suggestDependents([aPrincipal(bend)], { ...nobody, declared }).suggestions).toHaveLength(1);
    });
  }
});
