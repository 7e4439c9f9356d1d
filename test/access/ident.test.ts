/** Whom a map lets be whom, beside real logins by peer: maps drawn at random, asked for by whoever runs the tests. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simulateLogin } from '../../domain/access/login.ts';
import type { PostgresMajor } from '../../worker/stack/cluster.ts';
import { furnish, login, stateOf, systemUser } from './authentication-house.ts';
import { type House, openHouse, pick } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
/** Every day the same maps; the full suite draws new ones, and prints the seed of what fails. */
const seeded = full ? {} : { seed: 20240412 };
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [14, 16];
const filesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 200 : 12));

const users = ['mapped', 'mapped_group', 'literal\\1', 'scram_role', 'the_group', systemUser] as const;
const tail = systemUser.slice(1);
const system = pick(
  systemUser,
  systemUser,
  `"${systemUser}"`,
  'all',
  'other',
  '+x',
  `/^${systemUser}$`,
  `/${tail}`,
  '/^nobody',
  `/^(.)${tail}$`,
  `/^${systemUser}(.*)$`,
  `/^.*${tail}(.*)$`,
  `/(${tail})`,
  `/^(${systemUser}|x)$`,
  `/^(.*)$`,
  '/^.*(.)$',
);
const wanted = pick(
  'mapped',
  'mapped_group',
  'all',
  '"all"',
  '+mapped_group',
  '+the_group',
  '"+mapped_group"',
  '+nobody',
  'other',
  '\\1',
  '"\\1"',
  'mapped\\1',
  'map\\1ped',
  '\\1\\1',
  'literal\\1',
  '+literal\\1',
  '"/^literal\\\\1$"',
  '/^map',
  '/p$',
  '/(ed|role)$',
);
const line = fc
  .tuple(pick('people', 'people', 'people', 'people', 'people', 'others'), system, wanted)
  .map((words) => words.join(' '));
const method = pick(...(Array(8).fill('peer map=people') as string[]), 'peer', 'peer map=nothing');

const seen = { decisions: 0, unknown: 0, allowed: 0 };
afterAll(() => console.log(`maps: ${seen.decisions} decisions, ${seen.allowed} let in, ${seen.unknown} unknown`));

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let house: House;
    beforeAll(async () => {
      house = await openHouse(major);
      await furnish(house);
    }, 60_000);
    afterAll(() => house?.close());

    it(
      'the same people get in',
      () =>
        fc.assert(
          fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), method, async (lines, how) => {
            const ident = `${lines.join('\n')}\n`;
            const rules = await house.load([`local all all ${how}`], { 'pg_ident.conf': ident });
            const state = stateOf(house, rules, ident);
            for (const user of users) {
              const principal = {
                user,
                database: 'postgres',
                address: null,
                tls: false,
                certificate: false,
                systemUser,
              };
              const answer = simulateLogin(state, principal);
              seen.decisions += 1;
              if (answer.kind === 'unknown') seen.unknown += 1;
              else {
                if (answer.kind === 'allowed') seen.allowed += 1;
                const is = await login(house, { user, database: 'postgres', tls: false });
                expect({ user, lines, how, is }).toEqual({
                  user,
                  lines,
                  how,
                  is: answer.kind === 'denied' ? answer.sqlState : null,
                });
              }
            }
          }),
          { numRuns: filesEach, ...seeded },
        ),
      full ? 1_200_000 : 60_000,
    );
  });
