/** Which rule decides, beside real servers: random rules, and lone startup messages from many addresses. */
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { parseAddress } from '../../domain/access/address.ts';
import { readHba } from '../../domain/access/file-rules.ts';
import { type Connecting, type Match, type MatchFacts, firstMatch } from '../../domain/access/match.ts';
import type { AuthBuild, HbaRule } from '../../domain/access/rule.ts';
import { type StartupAnswer, askStartup } from '../../targets/postgres/startup-message.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { selfSigned } from '../support/certificate.ts';
import { eventually } from '../support/processes.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [15, 17];
const asksEach = 20;
const filesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 200 : 10));

const roles = ['alice', 'bob', 'carl', 'app_1', 'app_two', 'staff', 'crew', 'shop'] as const;
const databases = ['shop', 'alice', 'staff', 'app_1', 'replication'] as const;
/** Member → role; bob is in crew by way of staff. */
const memberships: readonly (readonly [string, string])[] = [
  ['alice', 'staff'],
  ['bob', 'staff'],
  ['staff', 'crew'],
  ['carl', 'shop'],
];

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(','));
const database = pick(
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
);
const user = pick(
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
);
const address = pick(
  'all',
  '127.0.0.0/8',
  '127.0.0.1/32',
  '127.2.0.0/16',
  '127.0.0.0 255.0.0.255',
  '0.0.0.0/0',
  '::1/128',
  '::/0',
  '::ffff:127.0.0.0/104',
  '10.0.0.0/8',
  'samehost',
  'samenet',
  '127.3.2.1/31',
);
const method = pick('trust', 'reject', 'password', 'scram-sha-256', 'md5');
const rule = fc
  .oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(
        pick('host', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'),
        some(database),
        some(user),
        address,
        method,
      ),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constant('local'), some(database), some(user), method) },
  )
  .map((words) => words.join(' '));
const rulesFile = fc.array(rule, { minLength: 1, maxLength: 8 });
const asked = fc.record({
  user: pick(...roles, 'nobody'),
  database: pick(...databases.slice(0, 4)),
  from: pick('127.0.0.1', '127.0.0.2', '127.2.7.9', '127.3.2.0', '127.3.2.1', '127.9.9.0', '::1', null),
  tls: fc.boolean(),
});

let unknown = 0;
let decided = 0;
afterAll(() => {
  console.log(`access: ${decided} decisions, ${unknown} of them unknown`);
});

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let cluster: Cluster;
    let sql: pg.Client;
    let build: AuthBuild;
    let facts: MatchFacts;
    let files = 0;

    beforeAll(async () => {
      cluster = await createCluster({ major, listenAddresses: '127.0.0.1,::1' });
      const { certificate, key } = selfSigned('server');
      for (const [name, text] of [
        ['server.crt', certificate],
        ['server.key', key],
      ] as const) {
        const path = join(cluster.dataDir, name);
        writeFileSync(path, text, { mode: 0o600 });
        chownSync(path, cluster.systemUser?.uid ?? -1, cluster.systemUser?.gid ?? -1);
      }
      sql = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database: 'postgres' });
      await sql.connect();
      await sql.query('alter system set ssl = on');
      for (const role of roles) await sql.query(`create role ${role} login password 'secret'`);
      for (const [member, role] of memberships) await sql.query(`grant ${role} to ${member}`);
      for (const name of databases.slice(0, 4)) await sql.query(`create database ${name}`);
      const { rows } = await sql.query<{ num: number }>(`select current_setting('server_version_num')::int as num`);
      const versionNum = rows[0]?.num ?? 0;
      build = {
        versionNum,
        ssl: true,
        without: ['gss', 'sspi', 'pam', 'bsd', 'ldap'],
        dbUserNamespace: false,
        oauthValidators: [],
      };
      const known = new Set<string>([...roles, 'postgres']);
      const isMember = (member: string, role: string): boolean =>
        memberships.some(([one, of]) => one === member && (of === role || isMember(of, role)));
      const loopback = (text: string, mask: string) => ({ address: parse(text), mask: parse(mask) });
      facts = {
        versionNum,
        roleExists: (name) => known.has(name),
        isMember,
        interfaces: [loopback('127.0.0.1', '255.0.0.0'), loopback('::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')],
      };
    }, 60_000);
    afterAll(async () => {
      await sql?.end();
      await cluster?.remove();
    });

    /** In force: the marker in the file is answered. */
    async function load(rules: readonly string[]): Promise<readonly HbaRule[]> {
      const marker = `n${(files += 1)}`;
      const text = ['local all postgres trust', `local ${marker} all password`, ...rules, ''].join('\n');
      const path = join(cluster.dataDir, 'pg_hba.conf');
      writeFileSync(path, text);
      await sql.query('select pg_reload_conf()');
      const asking = { user: 'alice', database: marker, from: null, tls: false };
      await eventually('the rules are loaded', async () => (await ask(asking)).kind === 'cleartext');
      const view = { read: (name: string) => (name === path ? text : null), list: () => null };
      return readHba(path, view, build).flatMap(({ rule: read }) => read ?? []);
    }

    function ask({ user: name, database: db, from, tls }: Asked): Promise<StartupAnswer> {
      const host = from === null ? cluster.socketDir : from.includes(':') ? '::1' : '127.0.0.1';
      const where = { host, port: cluster.port, localAddress: from };
      return askStartup({ ...where, user: name, database: db, tls: tls && from !== null, timeoutMs: 5_000 });
    }

    it(
      'the same rule decides',
      async () => {
        await fc.assert(
          fc.asyncProperty(
            rulesFile,
            fc.array(asked, { minLength: asksEach, maxLength: asksEach }),
            async (lines, asks) => {
              const rules = await load(lines);
              for (const one of asks) {
                const match = firstMatch(rules, connecting(one), facts);
                decided += 1;
                if (match.kind === 'unknown') unknown += 1;
                else expect({ one, is: meaningOf(await ask(one)) }).toEqual({ one, is: expected(match) });
              }
            },
          ),
          { numRuns: filesEach, endOnFailure: false },
        );
      },
      full ? 1_200_000 : 60_000,
    );
  });

type Asked = { readonly user: string; readonly database: string; readonly from: string | null; readonly tls: boolean };

function connecting({ user: name, database: db, from, tls }: Asked): Connecting {
  const encryption = tls && from !== null ? 'tls' : 'none';
  return { user: name, database: db, address: from === null ? null : parse(from), encryption, replication: false };
}

function parse(text: string) {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is not an address`);
  return parsed;
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
  const { method: wanted } = match.rule;
  // Every password is stored for SCRAM, and then md5 asks for it as well.
  if (wanted === 'md5' || wanted === 'scram-sha-256') return 'sasl';
  return wanted === 'password' ? 'cleartext' : wanted;
}
