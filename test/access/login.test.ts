/** Who gets in, beside real logins: rules, roles, memberships, limits, databases and grants, all drawn at random. */
import { Socket, type TcpSocketConnectOpts } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { type Access, type AccessRole, type AccessState, simulateLogin } from '../../domain/access/login.ts';
import { rolesOf } from '../../domain/access/roles.ts';
import type { DatabaseEntry, MembershipEntry } from '../../domain/catalog.ts';
import type { PostgresMajor } from '../../worker/stack/cluster.ts';
import { type House, interfaces, openHouse, parse, pick, ruleLines, sources } from './house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
/** Every day the same files; the full suite draws new ones, and prints the seed of what fails. */
const seeded = full ? {} : { seed: 20240412 };
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [14, 16, 18];
const asksEach = 15;
const statesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 270 : 7));

const people = ['alice', 'bob', 'carl'] as const;
const groups = ['staff', 'crew'] as const;
const names = [...people, ...groups];
const databases = ['shop', 'alice', 'closed'] as const;

const roleDrawn = fc.record({
  login: pick(true, true, true, false),
  superuser: pick(false, false, false, false, true),
  inherit: pick(true, true, false),
  limit: pick(-1, -1, -1, 0, 5),
  valid: pick(null, null, null, 'infinity', '2020-01-01 00:00:00+00', '2099-01-01 00:00:00+00'),
  verifier: pick('scram-sha-256', 'scram-sha-256', 'md5', 'none'),
});
type RoleDrawn = typeof roleDrawn extends fc.Arbitrary<infer One> ? One : never;

const membership = fc.record({
  member: pick(...people, 'staff'),
  role: pick(...groups),
  inherit: fc.boolean(),
});
const databaseDrawn = fc.record({
  allow: pick(true, true, true, false),
  limit: pick(-1, -1, -1, 0, 7),
  isPublic: pick(true, false),
  granted: fc.subarray([...names, 'pg_database_owner']),
  owner: pick('postgres', ...names),
});
const state = fc.record({
  lines: ruleLines(
    pick('all', 'all', 'all', 'shop', 'alice', 'sameuser', 'samerole'),
    pick('all', 'all', 'all', ...names, '+staff', '+crew'),
    pick('trust', 'reject', 'password', 'scram-sha-256', 'scram-sha-256', 'md5'),
  ),
  roles: fc.tuple(roleDrawn, roleDrawn, roleDrawn, roleDrawn, roleDrawn),
  memberships: fc.uniqueArray(
    membership.filter(({ member, role }) => member !== role && !(member === 'staff' && role === 'staff')),
    { maxLength: 4, selector: ({ member, role }) => `${member} ${role}` },
  ),
  databases: fc.tuple(databaseDrawn, databaseDrawn, databaseDrawn),
});
type State = typeof state extends fc.Arbitrary<infer One> ? One : never;
const asked = fc.record({
  user: pick(...names, 'nobody'),
  database: pick(...databases, 'nowhere'),
  from: sources,
  tls: fc.boolean(),
});
type Asked = typeof asked extends fc.Arbitrary<infer One> ? One : never;

const seen = { decisions: 0, unknown: 0, allowed: 0 };
afterAll(() => console.log(`logins: ${seen.decisions} decisions, ${seen.allowed} let in, ${seen.unknown} unknown`));

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let house: House;
    beforeAll(async () => {
      house = await openHouse(major);
      for (const name of names) await house.sql.query(`create role ${name}`);
      for (const name of databases) await house.sql.query(`create database ${name}`);
    }, 60_000);
    afterAll(() => house?.close());

    /** Makes the server so, and says what a snapshot would show of it. */
    async function make(drawn: State): Promise<AccessState> {
      const statements = [
        ...names.flatMap((name, at) => roleSql(name, drawn.roles[at] as RoleDrawn)),
        ...groups.flatMap((group) =>
          [...people, 'staff'].filter((one) => one !== group).map((one) => `revoke ${group} from ${one}`),
        ),
        ...drawn.memberships.map(
          ({ member, role, inherit }) => `grant ${role} to ${member}${major >= 16 ? ` with inherit ${inherit}` : ''}`,
        ),
        ...databases.flatMap((name, at) => databaseSql(name, drawn.databases[at] as State['databases'][0])),
      ];
      for (const statement of statements) await house.sql.query(statement);
      const rules = await house.load(drawn.lines);
      const memberships = drawn.memberships.map(({ member, role, inherit }): MembershipEntry => ({
        member,
        role,
        grantor: 'postgres',
        admin: false,
        inherit: major >= 16 ? inherit : null,
        set: major >= 16 ? true : null,
      }));
      const roles = names.map((name, at) => roleEntry(name, drawn.roles[at] as RoleDrawn));
      return {
        versionNum: house.versionNum,
        rules,
        listen: '127.0.0.1,::1',
        ssl: true,
        roles: rolesOf([...roles, bootstrap], memberships),
        databases: new Map(
          databases.map((name, at) => [name, databaseEntry(name, drawn.databases[at] as State['databases'][0])]),
        ),
        interfaces,
        now: Date.now(),
      };
    }

    /** The SQLSTATE of what stops it; null: it is in. */
    async function login({ user, database, from, tls }: Asked): Promise<string | null> {
      const client = new pg.Client({
        host: house.hostFor(from),
        port: house.cluster.port,
        user,
        database,
        password: 'secret',
        ssl: tls && from !== null ? { rejectUnauthorized: false } : false,
        ...(from === null ? {} : { stream: () => socketFrom(from) }),
      } as pg.ClientConfig);
      try {
        await client.connect();
        return null;
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      } finally {
        await client.end().catch(() => undefined);
      }
    }

    it(
      'the same people get in, and the others are told the same',
      () =>
        fc.assert(
          fc.asyncProperty(
            state,
            fc.array(asked, { minLength: asksEach, maxLength: asksEach }),
            async (drawn, asks) => {
              const access = await make(drawn);
              for (const one of asks) {
                const { user, database, from } = one;
                const address = from === null ? null : parse(from);
                const answer = simulateLogin(access, {
                  user,
                  database,
                  address,
                  tls: one.tls && from !== null,
                  certificate: false,
                });
                seen.decisions += 1;
                if (answer.kind === 'unknown') seen.unknown += 1;
                else {
                  if (answer.kind === 'allowed') seen.allowed += 1;
                  expect({ one, is: await login(one) }).toEqual({ one, is: stateOf(answer) });
                }
              }
            },
          ),
          { numRuns: statesEach, ...seeded },
        ),
      full ? 1_800_000 : 60_000,
    );
  });

/** node-postgres opens its socket by itself, from wherever the system likes. */
function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (to: TcpSocketConnectOpts) => Socket;
  return Object.assign(socket, { connect: (port: number, host: string) => connect({ port, host, localAddress }) });
}

const stateOf = (answer: Exclude<Access, { kind: 'unknown' }>): string | null =>
  answer.kind === 'allowed' ? null : answer.sqlState;

const bootstrap: AccessRole = {
  name: 'postgres',
  superuser: true,
  inherit: true,
  login: true,
  replication: true,
  connectionLimit: -1,
  validUntil: null,
  verifier: 'scram-sha-256',
};

function roleEntry(name: string, { login, superuser, inherit, limit, valid, verifier }: RoleDrawn): AccessRole {
  const validUntil = valid === null || valid === 'infinity' ? null : Date.parse(valid);
  const kind = verifier as AccessRole['verifier'];
  return { name, login, superuser, inherit, replication: false, connectionLimit: limit, validUntil, verifier: kind };
}

function roleSql(name: string, { login, superuser, inherit, limit, valid, verifier }: RoleDrawn): readonly string[] {
  const flag = (is: boolean, word: string): string => (is ? word : `no${word}`);
  const words = [
    flag(login, 'login'),
    flag(superuser, 'superuser'),
    flag(inherit, 'inherit'),
    `connection limit ${limit}`,
  ];
  return [
    `alter role ${name} ${words.join(' ')} valid until '${valid ?? 'infinity'}'`,
    ...(verifier === 'none'
      ? [`alter role ${name} password null`]
      : [`set password_encryption = '${verifier}'`, `alter role ${name} password 'secret'`]),
  ];
}

function databaseSql(
  name: string,
  { allow, limit, isPublic, granted, owner }: State['databases'][0],
): readonly string[] {
  return [
    `alter database ${name} owner to ${owner}`,
    `alter database ${name} with allow_connections ${allow} connection limit ${limit}`,
    `revoke all on database ${name} from public, pg_database_owner, ${names.filter((one) => one !== owner).join(', ')}`,
    `grant connect on database ${name} to ${owner}`,
    ...(isPublic ? [`grant connect on database ${name} to public`] : []),
    ...granted.map((one) => `grant connect on database ${name} to ${one}`),
  ];
}

function databaseEntry(name: string, { allow, limit, isPublic, granted, owner }: State['databases'][0]): DatabaseEntry {
  const grantees = new Set([owner, ...granted, ...(isPublic ? [''] : [])]);
  return {
    name,
    owner,
    connectionLimit: limit,
    allowConnections: allow,
    isTemplate: false,
    tablespace: 'pg_default',
    acl: [...grantees].map((one) => `${one}=c/${owner}`),
    aclIsNull: false,
  };
}
