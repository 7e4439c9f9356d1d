/** Which rule decides, beside real servers: random rules, and lone startup messages from many addresses. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Connecting, type Match, type MatchFacts, firstMatch } from '../../domain/access/match.ts';
import { matcherOf } from '../../domain/access/matcher.ts';
import { type StartupAnswer, askStartup } from '../../targets/postgres/startup-message.ts';
import type { PostgresMajor } from '../../worker/stack/cluster.ts';
import { type House, interfaces, openHouse, parse, pick, ruleLines, sources } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
/** Every day the same files; the full suite draws new ones, and prints the seed of what fails. */
const seeded = full ? {} : { seed: 20240412 };
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [15, 17];
const asksEach = 20;
const filesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 200 : 8));

const roles = ['alice', 'bob', 'carl', 'app_1', 'app_two', 'staff', 'crew', 'shop'] as const;
const databases = ['shop', 'alice', 'staff', 'app_1'] as const;
/** Member → role; bob is in crew by way of staff. */
const memberships: readonly (readonly [string, string])[] = [
  ['alice', 'staff'],
  ['bob', 'staff'],
  ['staff', 'crew'],
  ['carl', 'shop'],
];

const rules = ruleLines(
  pick(
    ...databases,
    'all',
    'all',
    'sameuser',
    'samerole',
    '"all"',
    'replication',
    '/^app_[0-9]+$',
    '/sh.p',
    '/(a|b)lic',
  ),
  pick(
    ...roles,
    'all',
    'all',
    '+staff',
    '+crew',
    '+shop',
    '"+staff"',
    '+nobody',
    'nobody',
    '/^app_',
    '/[a-c]',
    '"all"',
  ),
  pick('trust', 'reject', 'password', 'scram-sha-256', 'md5'),
);
const asked = fc.record({
  user: pick(...roles, 'nobody'),
  database: pick(...databases),
  from: sources,
  tls: fc.boolean(),
});
type Asked = typeof asked extends fc.Arbitrary<infer One> ? One : never;

const seen = { decisions: 0, unknown: 0 };
afterAll(() => console.log(`rules: ${seen.decisions} decisions, ${seen.unknown} of them unknown`));

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let house: House;
    let facts: MatchFacts;

    beforeAll(async () => {
      house = await openHouse(major);
      for (const role of roles) await house.sql.query(`create role ${role} login password 'secret'`);
      for (const [member, role] of memberships) await house.sql.query(`grant ${role} to ${member}`);
      for (const name of databases) await house.sql.query(`create database ${name}`);
      const known = new Set<string>([...roles, 'postgres']);
      const isMember = (member: string, role: string): boolean =>
        memberships.some(([one, of]) => one === member && (of === role || isMember(of, role)));
      facts = { versionNum: house.versionNum, roleExists: (name) => known.has(name), isMember, interfaces };
    }, 60_000);
    afterAll(() => house?.close());

    function ask({ user, database, from, tls }: Asked): Promise<StartupAnswer> {
      const where = { host: house.hostFor(from), port: house.cluster.port, localAddress: from, timeoutMs: 5_000 };
      return askStartup({ ...where, user, database, tls: tls && from !== null });
    }

    it(
      'the same rule decides',
      () =>
        fc.assert(
          fc.asyncProperty(
            rules,
            fc.array(asked, { minLength: asksEach, maxLength: asksEach }),
            async (lines, asks) => {
              const loaded = (await house.load(lines)).flatMap(({ rule }) => rule ?? []);
              const matcher = matcherOf(loaded, facts);
              for (const one of asks) {
                const match = firstMatch(loaded, connecting(one), facts);
                expect(matcher(connecting(one))).toEqual(match);
                seen.decisions += 1;
                if (match.kind === 'unknown') seen.unknown += 1;
                else expect({ one, is: meaningOf(await ask(one)) }).toEqual({ one, is: expected(match) });
              }
            },
          ),
          { numRuns: filesEach, ...seeded },
        ),
      full ? 1_200_000 : 60_000,
    );
  });

function connecting({ user, database, from, tls }: Asked): Connecting {
  const address = from === null ? null : parse(from);
  return { user, database, address, encryption: tls && from !== null ? 'tls' : 'none', replication: false };
}

function meaningOf({ kind, message }: StartupAnswer): string {
  if (message?.startsWith('no pg_hba.conf entry') === true) return 'none';
  if (message?.startsWith('pg_hba.conf rejects connection') === true) return 'reject';
  // Let in without a password, and stopped later: no such role, no such database, no right to connect.
  if (kind === 'ok' || message !== null) return 'trust';
  return kind;
}

function expected(match: Exclude<Match, { kind: 'unknown' }>): string {
  if (match.kind === 'none') return 'none';
  const { method } = match.rule;
  // Every password is stored for SCRAM, and then md5 asks for it as well.
  if (method === 'md5' || method === 'scram-sha-256') return 'sasl';
  return method === 'password' ? 'cleartext' : method;
}
