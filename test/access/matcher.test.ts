/** The indexed matcher beside the plain one, on rules and connections that are drawn at random: no difference at all. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readHba } from '../../domain/access/file-rules.ts';
import { type Connecting, type MatchFacts, firstMatch } from '../../domain/access/match.ts';
import { matcherOf } from '../../domain/access/matcher.ts';
import { buildOf, interfaces, parse, pick } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const numRuns = full ? 20_000 : 500;
const users = ['alice', 'bob', 'app_1', 'all', 'sameuser', '+staff', 'nobody', '/a', 'replication'] as const;

const words = pick(
  'all',
  'all',
  'all',
  ...users,
  '"all"',
  '"+staff"',
  '+crew',
  '+nobody',
  'samerole',
  'samegroup',
  '"replication"',
  '/^app_',
  '"/b$"',
  '/(?=x)y',
  '/[[:alpha:]]',
);
const some = fc.array(words, { minLength: 1, maxLength: 3 }).map((all) => all.join(','));
const address = pick(
  'all',
  'samehost',
  'samenet',
  'db.example.com',
  '.example.com',
  '127.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3/32',
  '0.0.0.0/0',
  '::/0',
  '::1/128',
  'fe80::/10',
  '10.0.0.7 255.0.0.255',
  '::ffff:10.0.0.0/104',
);
const rule = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(fc.constant('local'), some, some, pick('trust', 'reject')) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      pick('host', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'),
      some,
      some,
      address,
      pick('trust', 'reject', 'md5'),
    ),
  },
);
const connecting: fc.Arbitrary<Connecting> = fc.record({
  user: pick(...users),
  database: pick(...users),
  address: pick(
    null,
    ...['127.0.0.1', '10.1.2.3', '10.9.9.7', '192.0.2.1', '::1', 'fe80::1', '::ffff:10.0.0.1'].map(parse),
  ),
  encryption: pick('none', 'tls', 'gss'),
  replication: pick(false, false, true),
});
const facts = fc.record({
  versionNum: pick(150000, 170000),
  known: fc.subarray([...users]),
  members: fc.subarray(['alice staff', 'bob staff', 'alice crew', 'bob alice', 'app_1 +staff']),
  interfaces: pick(null, interfaces),
});

it('gives the same answer', () => {
  let [asked, unknown, found] = [0, 0, 0];
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 70 }),
      fc.array(connecting, { minLength: 20, maxLength: 20 }),
      facts,
      (lines, all, { versionNum, known, members, interfaces: own }) => {
        const text = lines.map((fields) => `${fields.join(' ')}\n`).join('');
        const build = { ...buildOf(versionNum, true), without: [] };
        const loaded = readHba('/hba', { read: () => text, list: () => null }, build).flatMap((one) => one.rule ?? []);
        const given: MatchFacts = {
          versionNum,
          roleExists: (name) => known.some((one) => one === name),
          isMember: (member, role) => members.includes(`${member} ${role}`),
          interfaces: own,
        };
        const matcher = matcherOf(loaded, given);
        for (const one of all) {
          const match = firstMatch(loaded, one, given);
          asked += 1;
          if (match.kind === 'unknown') unknown += 1;
          if (match.kind === 'rule') found += 1;
          expect(matcher(one)).toEqual(match);
        }
      },
    ),
    { numRuns, ...(full ? {} : { seed: 20240412 }) },
  );
  console.log(`matcher: ${asked} answers, ${found} by a rule, ${unknown} unknown`);
});
