/**
 * Grants, owners and memberships as several people hand them on, in random order, taken back while somebody else's stay.
 * Compared by meaning, in SQL of the tests' own.
 */
import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import type { Captured } from '../../targets/target.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { silent, targetOf, unfenced } from '../targets/postgres/server.ts';
import { databaseFacts, sharedFacts } from './oracle-queries.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const runs = full ? 150 : 5;
/** Printed with every failure; give it as KNOWNGOOD_TEST_SEED to see the same again. */
const seed = Number(process.env['KNOWNGOOD_TEST_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [17];

const people = ['ann', 'bob', 'cid', 'dee'];
const objects = [
  { on: 'table s.t', privileges: ['select', 'insert', 'update', 'select (a)', 'update (a, b)'], alter: 'table s.t' },
  { on: 'table s.v', privileges: ['select', 'update', 'select (a)'], alter: 'view s.v' },
  { on: 'sequence s.q', privileges: ['usage', 'select'], alter: 'sequence s.q' },
  { on: 'function s.f(integer)', privileges: ['execute'], alter: 'function s.f(integer)' },
  { on: 'schema s', privileges: ['usage', 'create'], alter: 'schema s' },
  { on: 'type s.k', privileges: ['usage'], alter: 'type s.k' },
  { on: 'database shop', privileges: ['connect', 'temporary'], alter: 'database shop' },
  { on: 'large object 77', privileges: ['select', 'update'], alter: 'large object 77' },
  { on: 'function pg_catalog.pg_sleep(double precision)', privileges: ['execute'], alter: null },
] as const;

const person = fc.constantFrom(...people);
const grantee = fc.constantFrom(...people, 'public');
const onObject = fc.constantFrom(...objects).chain(({ on, privileges, alter }) =>
  fc.record({
    on: fc.constant(on),
    privilege: fc.constantFrom<string>(...privileges, 'all'),
    alter: fc.constant(alter),
  }),
);
/** `as`: who says it; the superuser is postgres. */
const statement: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ as: fc.constantFrom('postgres', ...people), what: onObject, to: grantee, option: fc.boolean() })
      .map(
        ({ as, what, to, option }) =>
          `${as}: grant ${what.privilege} on ${what.on} to ${to}${option && to !== 'public' ? ' with grant option' : ''}`,
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        as: fc.constantFrom('postgres', ...people),
        what: onObject,
        from: grantee,
        how: fc.constantFrom('', 'grant option for '),
      })
      .map(
        ({ as, what, from, how }) =>
          `${as}: revoke ${from === 'public' ? '' : how}${what.privilege} on ${what.on} from ${from} cascade`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ what: onObject, to: fc.constantFrom('postgres', ...people) })
      .map(({ what, to }) => `postgres: alter ${what.alter ?? 'schema s'} owner to ${to}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        as: fc.constantFrom('postgres', ...people),
        role: fc.constantFrom('team', ...people),
        to: person,
        admin: fc.boolean(),
      })
      .map(({ as, role, to, admin }) => `${as}: grant ${role} to ${to}${admin ? ' with admin option' : ''}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        as: fc.constantFrom('postgres', ...people),
        role: fc.constantFrom('team', ...people),
        from: person,
        admin: fc.boolean(),
      })
      .map(
        ({ as, role, from, admin }) => `${as}: revoke ${admin ? 'admin option for ' : ''}${role} from ${from} cascade`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        of: person,
        to: grantee,
        on: fc.constantFrom('tables', 'functions', 'types'),
        revoke: fc.boolean(),
        schema: fc.boolean(),
      })
      .map(
        ({ of, to, on, revoke, schema }) =>
          `postgres: alter default privileges for role ${of}${schema ? ' in schema s' : ''} ${revoke ? `revoke all on ${on} from` : `grant all on ${on} to`} ${to}`,
      ),
  },
);
const statements = (maxLength: number): fc.Arbitrary<readonly string[]> =>
  fc.array(statement, { minLength: 1, maxLength });
/** Of somebody who has nothing to do with it. */
const foreign = [
  'grant select on s.theirs to zoe',
  'alter role zoe connection limit 7',
  'grant zoe to yan',
  'grant insert on s.t to zoe',
  'grant select (b) on s.t to zoe',
];

let cluster: Cluster;
afterAll(() => cluster?.remove());

it.each(majors)(
  'any sequence of grants is taken back on PostgreSQL %i',
  async (major) => {
    await cluster?.remove();
    cluster = await createCluster({ major });
    await say('postgres', [
      ...[...people, 'team', 'zoe', 'yan'].map((name) => `create role ${name}`),
      'create database model',
    ]);
    await say('model', [
      'create schema s',
      'create table s.t (a int, b int)',
      'create table s.theirs ()',
      'create view s.v as select a, b from s.t',
      'create sequence s.q',
      'create function s.f(int) returns int language sql as $$ select 1 $$',
      "create type s.k as enum ('x')",
      'select lo_create(77)',
    ]);
    const target = targetOf(cluster);
    try {
      await fc.assert(
        fc.asyncProperty(statements(12), statements(12), fc.nat(12), (first, second, cut) =>
          takenBack(first, second, cut),
        ),
        { seed, numRuns: Math.ceil(runs / majors.length), interruptAfterTimeLimit: 1_500_000 },
      );
    } finally {
      await target.close();
    }

    async function takenBack(first: readonly string[], second: readonly string[], cut: number): Promise<void> {
      await anew();
      await attempt(first);
      const facts = await factsOf(major);
      await say('shop', foreign);
      const wanted = await factsOf(major);
      await say('shop', foreign.map(undone).reverse());
      expect(await factsOf(major)).toEqual(facts);
      const before = await target.capture();
      await attempt(second);
      const change = await target.capture();
      await say('shop', foreign);
      const report = await revert(before, change, cut);
      const found = { seed, first, second, remaining: report.remaining, conflicts: report.conflicts };
      expect({ ...found, facts: await factsOf(major) }).toEqual({
        ...found,
        remaining: [],
        conflicts: [],
        facts: wanted,
      });
    }

    async function revert(before: Captured, change: Captured, cut: number): ReturnType<typeof target.revert> {
      let asked = 0;
      const fence = (): void => {
        asked += 1;
        if (asked > cut) throw new Error('killed');
      };
      const input = { changeId: 'grants', before, change, mayRestart: false, witnesses: [], say: silent };
      await target.revert({ ...input, fence }).catch(() => undefined);
      return target.revert({ ...input, fence: unfenced });
    }
  },
  1_800_000,
);

function undone(grant: string): string {
  if (grant.startsWith('alter role')) return 'alter role zoe connection limit -1';
  return grant.replace('grant', 'revoke').replace(' to ', ' from ');
}

/** The database of the first run, and no membership. */
async function anew(): Promise<void> {
  await say('postgres', [
    'drop database if exists shop',
    `do $$ declare one record; begin
       for one in select roleid::regrole as role, member::regrole as member from pg_auth_members where roleid > 16384 loop
         execute format('revoke %s from %s cascade', one.role, one.member);
       end loop; end $$`,
    'alter role zoe connection limit -1',
    'create database shop template model',
  ]);
}

/** Who may not, has not. */
async function attempt(lines: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url('postgres', 'shop') });
  await client.connect();
  try {
    for (const line of lines) {
      const [, role = '', sql = ''] = /^(\w+): (.*)$/.exec(line) ?? [];
      await client.query(`set role ${role}`);
      await client.query(sql).catch(() => undefined);
      await client.query('reset role');
    }
  } finally {
    await client.end();
  }
}

async function say(database: string, lines: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url('postgres', database) });
  await client.connect();
  try {
    for (const line of lines) await client.query(line);
  } finally {
    await client.end();
  }
}

async function factsOf(major: number): Promise<readonly string[]> {
  const ask = async (database: string, sql: string): Promise<string[]> => {
    const client = new pg.Client({ connectionString: cluster.url('postgres', database) });
    await client.connect();
    try {
      return (await client.query<{ fact: string }>(sql)).rows.map(({ fact }) => fact);
    } finally {
      await client.end();
    }
  };
  const [shared, own] = await Promise.all([ask('postgres', sharedFacts(major)), ask('shop', databaseFacts())]);
  return [...shared.filter((line) => !line.startsWith('running ')), ...own].sort();
}
