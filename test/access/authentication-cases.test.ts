/**
 * The cases of PostgreSQL's own src/test/authentication that a configuration decides, each answered three times: by that test,
 * by the simulator, and by a real server. Which case is which stands in docs/access-cases.md.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateLogin } from '../../domain/access/login.ts';
import type { PostgresMajor } from '../../worker/stack/cluster.ts';
import { furnish, login, stateOf, systemUser } from './authentication-house.ts';
import { type House, openHouse, parse } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [15, 17];

/** Who gets in, and who does not. `user@database`; without one: postgres. */
interface Asked {
  readonly isIn: readonly string[];
  readonly isOut: readonly string[];
}

interface Case extends Asked {
  readonly name: string;
  readonly rules: readonly string[];
  /** pg_ident.conf. */
  readonly ident?: string;
  /** Other files in the data folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Before 16, where that is something else: the form meant nothing yet. */
  readonly before16?: Asked;
  /** They come by TCP, with TLS and without a certificate of their own. */
  readonly tls?: true;
}

/** Rules of its test go on in a second line. */
const local = (database: string, user: string, method: string): readonly string[] => [
  `local ${database} ${user}\\\n ${method}`,
];
const everybody = ['scram_role', 'md5_role'];
const nobody = (...names: readonly string[]): Asked => ({ isIn: [], isOut: names });

const passwords: readonly Case[] = [
  { name: 'trust lets everybody in', rules: local('all', 'all', 'trust'), isIn: everybody, isOut: [] },
  { name: 'password fits every verifier', rules: local('all', 'all', 'password'), isIn: everybody, isOut: [] },
  {
    name: 'scram-sha-256 wants its own verifier, of any number of rounds',
    rules: local('all', 'all', 'scram-sha-256'),
    isIn: ['scram_role', 'scram_role_iter'],
    isOut: ['md5_role'],
  },
  { name: 'md5 fits both verifiers', rules: local('all', 'all', 'md5'), isIn: everybody, isOut: [] },
  {
    name: 'an expression among users matches',
    rules: local('all', '/^.*nomatch.*$, baduser, /^md.*$', 'password'),
    isIn: ['md5_role'],
    isOut: ['scram_role'],
    before16: nobody('md5_role', 'scram_role'),
  },
  {
    name: 'an expression among users does not match',
    rules: local('all', '/^.*nomatch.*$, baduser, /^m_d.*$', 'password'),
    isIn: [],
    isOut: ['md5_role'],
  },
  {
    name: 'an expression with a comma is quoted',
    rules: local('all', '"/^.*5,.*e$"', 'password'),
    isIn: ['md5,role'],
    isOut: ['md5_role'],
    before16: nobody('md5,role', 'md5_role'),
  },
  {
    name: 'an expression with a comma that is not quoted is two',
    rules: local('all', '/^md5$,role$', 'password'),
    isIn: [],
    isOut: ['md5,role'],
  },
  {
    name: 'an expression among databases matches',
    rules: local('/^.*nomatch.*$, baddb, /^regex_t.*b$', 'all', 'password'),
    isIn: ['md5_role@regex_testdb'],
    isOut: ['md5_role'],
    before16: nobody('md5_role@regex_testdb', 'md5_role'),
  },
  {
    name: 'an expression among databases does not match',
    rules: local('/^.*nomatch.*$, baddb, /^regex_t.*ba$', 'all', 'password'),
    isIn: [],
    isOut: ['md5_role@regex_testdb'],
  },
  {
    name: 'a role by name is nobody but itself',
    rules: local('all', 'the_group', 'scram-sha-256'),
    isIn: ['the_group'],
    isOut: ['member', 'no_member'],
  },
  {
    name: '+group is itself and its members, and no superuser that is none',
    rules: local('all', '+the_group', 'scram-sha-256'),
    isIn: ['the_group', 'member'],
    isOut: ['no_member'],
  },
  ...['samerole', 'samegroup'].map((word) => ({
    name: `${word} is the role of the database and its members, and no superuser that is none`,
    rules: local(word, 'all', 'scram-sha-256'),
    isIn: ['the_group@the_group', 'member@the_group'],
    isOut: ['no_member@the_group', 'member'],
  })),
];

const peer = ['local all all peer map=people'];
const outside = nobody('mapped');
const maps: readonly Case[] = [
  { name: 'without a map both have to be the same', rules: ['local all all peer'], isIn: [], isOut: ['mapped'] },
  {
    name: 'a map names both',
    rules: peer,
    ident: `people ${systemUser} mapped`,
    isIn: ['mapped'],
    isOut: ['the_group'],
  },
  {
    name: 'another map does not count',
    rules: peer,
    ident: `others ${systemUser} mapped`,
    isIn: [],
    isOut: ['mapped'],
  },
  {
    name: 'all is everybody',
    rules: peer,
    ident: `people ${systemUser} all`,
    isIn: ['mapped'],
    isOut: [],
    before16: outside,
  },
  { name: 'a quoted all is a name', rules: peer, ident: `people ${systemUser} "all"`, isIn: [], isOut: ['mapped'] },
  {
    name: 'an expression for the role matches',
    rules: peer,
    ident: `people ${systemUser} /^mapp.*$`,
    isIn: ['mapped'],
    isOut: ['the_group'],
    before16: outside,
  },
  {
    name: 'an expression for the role does not match',
    rules: peer,
    ident: `people ${systemUser} /^doesnotmatch.*$`,
    isIn: [],
    isOut: ['mapped'],
  },
  {
    name: 'an expression for the system user matches',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}$ mapped`,
    isIn: ['mapped'],
    isOut: [],
  },
  {
    name: 'both are expressions',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}$ /^mapp.*$`,
    isIn: ['mapped'],
    isOut: [],
    before16: outside,
  },
  {
    name: 'an expression for the system user, and all',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}$ all`,
    isIn: ['mapped'],
    isOut: [],
    before16: outside,
  },
  {
    name: '\\1 is what the group took',
    rules: peer,
    ident: `people /^${systemUser}(.*)$ map\\1ped`,
    isIn: ['mapped'],
    isOut: [],
  },
  {
    name: '\\1 in quotes is so too',
    rules: peer,
    ident: `people /^${systemUser}(.*)$ "map\\1ped"`,
    isIn: ['mapped'],
    isOut: [],
  },
  {
    name: '\\1 takes what is there',
    rules: peer,
    ident: `people /^(.*)${systemUser.slice(1)}$ mapped\\1\npeople ${systemUser} mapped`,
    isIn: ['mapped'],
    isOut: ['the_group'],
  },
  {
    name: '\\1 without a group is a mistake, and nothing after it counts',
    rules: peer,
    ident: `people /^${systemUser}$ \\1mapped\npeople ${systemUser} mapped`,
    isIn: [],
    isOut: ['mapped'],
  },
  {
    name: 'an expression for the system user does not match',
    rules: peer,
    ident: `people /^.*${systemUser}${systemUser}$ mapped`,
    isIn: [],
    isOut: ['mapped'],
  },
  {
    name: '+group is its members, and itself if it may log in',
    rules: peer,
    ident: `people ${systemUser} +mapped_group`,
    isIn: ['mapped'],
    isOut: ['mapped_group'],
    before16: nobody('mapped', 'mapped_group'),
  },
  {
    name: 'a quoted +group is a name',
    rules: peer,
    ident: `people ${systemUser} "+mapped_group"`,
    isIn: [],
    isOut: ['mapped'],
  },
  {
    name: 'an expression for the system user, and +group',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}$ +mapped_group`,
    isIn: ['mapped'],
    isOut: ['mapped_group'],
    before16: nobody('mapped', 'mapped_group'),
  },
  {
    name: '\\1 in +group is left as it is',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}(.*)$ +literal\\1`,
    isIn: ['mapped'],
    isOut: ['the_group'],
    before16: outside,
  },
  {
    name: '\\1 in an expression for the role is left as it is',
    rules: peer,
    ident: `people /^.*${systemUser.slice(-3)}(.*)$ "/^literal\\\\1$"`,
    isIn: ['literal\\1'],
    isOut: ['mapped'],
    before16: nobody('literal\\1'),
  },
];

const beside: readonly Case[] = [
  {
    name: 'a list of databases in a file, in lists of its own',
    rules: ['local @lists/databases all trust'],
    files: { 'lists/databases': 'listed_1\n@more', 'lists/more': 'listed_2, nowhere # and no more\n' },
    isIn: ['mapped@listed_1', 'mapped@listed_2'],
    isOut: ['mapped'],
  },
  {
    name: 'a list of users in a file, groups among them',
    rules: ['local all @lists/users trust'],
    files: { 'lists/users': '+the_group\n"scram_role"\n' },
    isIn: ['member', 'scram_role'],
    isOut: ['mapped', 'no_member'],
  },
  {
    name: 'clientcert asks for a certificate whatever the method',
    rules: ['hostssl all all all trust clientcert=verify-ca'],
    isIn: [],
    isOut: ['scram_role'],
    tls: true,
  },
  {
    name: 'cert asks for a certificate',
    rules: ['hostssl all all all cert'],
    isIn: [],
    isOut: ['scram_role'],
    tls: true,
  },
];

const seen = { decisions: 0, unknown: 0 };
afterAll(() => console.log(`PostgreSQL's cases: ${seen.decisions} logins, ${seen.unknown} unknown`));

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let house: House;
    beforeAll(async () => {
      house = await openHouse(major);
      house.folder('lists');
      await furnish(house);
      // Without an authority nobody could be asked for a certificate.
      await house.sql.query(`alter system set ssl_ca_file = 'server.crt'`);
    }, 60_000);
    afterAll(() => house?.close());

    describe('001_password', () => {
      for (const one of passwords) it(one.name, () => compare(one));
    });
    describe('003_peer', () => {
      for (const one of maps) it(one.name, () => compare(one));
    });
    describe('beside them', () => {
      for (const one of beside) it(one.name, () => compare(one));
    });

    async function compare({ rules, ident = '', files = {}, tls, before16, ...from16 }: Case): Promise<void> {
      const state = stateOf(house, await house.load(rules, { 'pg_ident.conf': `${ident}\n`, ...files }), `${ident}\n`);
      const { isIn, isOut } = major < 16 ? (before16 ?? from16) : from16;
      for (const [who, want] of [
        ...isIn.map((one) => [one, true] as const),
        ...isOut.map((one) => [one, false] as const),
      ]) {
        const [user = '', database = 'postgres'] = who.split('@');
        const address = tls === true ? parse('127.0.0.1') : null;
        const principal = { user, database, address, tls: tls === true, certificate: false, systemUser };
        const answer = simulateLogin(state, principal);
        seen.decisions += 1;
        if (answer.kind === 'unknown') seen.unknown += 1;
        const is = await login(house, { user, database, tls: tls === true });
        expect({ who, answer: answer.kind, state: answer.kind === 'denied' ? answer.sqlState : null }).toEqual({
          who,
          answer: want ? 'allowed' : 'denied',
          state: is,
        });
      }
    }
  });
