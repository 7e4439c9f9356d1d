/** What SQL makes of roles, memberships and databases, beside what a server makes of it: random statements, captured again. */
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { afterGrants } from '../../domain/access/after-grants.ts';
import { afterSql } from '../../domain/access/after-sql.ts';
import type { People } from '../../domain/access/world.ts';
import { parseAcl } from '../../domain/revert/sql/acl.ts';
import { parseSql } from '../../targets/postgres/sql-parser.ts';
import type { DatabaseCatalog } from '../../domain/catalog.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { targetOf } from '../targets/postgres/server.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const seed = Number(process.env['KNOWNGOOD_TEST_SEED'] ?? (full ? Math.trunc(Math.random() * 2 ** 31) : 20240412));
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [15, 17];
const numRuns = full ? 300 : 25;

const names = ['alice', 'bob', 'staff', 'crew'] as const;
const name = fc.constantFrom(...names);
const database = fc.constantFrom('shop', 'shed');

const statement = fc.oneof(
  fc
    .tuple(
      name,
      fc.subarray(['login', 'superuser', 'inherit', 'replication', 'createdb'], { minLength: 1 }),
      fc.boolean(),
    )
    .map(([one, words, on]) => `alter role ${one} ${words.map((word) => (on ? word : `no${word}`)).join(' ')}`),
  fc.tuple(name, fc.integer({ min: -1, max: 5 })).map(([one, limit]) => `alter role ${one} connection limit ${limit}`),
  name.map((one) => `alter role ${one} valid until '2031-05-06 07:08:09+00'`),
  name.map((one) => `alter role ${one} valid until 'infinity'`),
  fc
    .tuple(fc.constantFrom('staff', 'crew'), fc.constantFrom('alice', 'bob'), fc.boolean())
    .map(([role, member, admin]) => `grant ${role} to ${member}${admin ? ' with admin option' : ''}`),
  fc
    .tuple(fc.constantFrom('staff', 'crew'), fc.constantFrom('alice', 'bob'), fc.boolean())
    .map(([role, member, option]) => `revoke ${option ? 'admin option for ' : ''}${role} from ${member}`),
  fc
    .tuple(database, fc.constantFrom('public', ...names), fc.boolean())
    .map(([on, one, grant]) =>
      grant ? `grant connect on database ${on} to ${one}` : `revoke connect on database ${on} from ${one}`,
    ),
  fc
    .tuple(database, fc.constantFrom('public', ...names))
    .map(([on, one]) => `revoke all on database ${on} from ${one}`),
  fc
    .tuple(database, fc.boolean(), fc.integer({ min: -1, max: 3 }))
    .map(([on, allow, limit]) => `alter database ${on} with allow_connections ${allow} connection limit ${limit}`),
  fc.tuple(database, name).map(([on, owner]) => `alter database ${on} owner to ${owner}`),
);

const tables = fc.constantFrom('public.t', 'u', 's.v');
const privileges = fc.subarray(['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'], {
  minLength: 1,
});
const grantees = fc.subarray(['public', ...names], { minLength: 1, maxLength: 2 });

const grant = fc.oneof(
  fc
    .tuple(fc.boolean(), fc.boolean(), privileges, tables, grantees)
    .map(([on, option, words, table, who]) => granting(on, option, words.join(', '), table, who)),
  fc.tuple(fc.boolean(), tables, grantees).map(([on, table, who]) => granting(on, false, 'all', table, who)),
  fc
    .tuple(
      fc.boolean(),
      fc.constantFrom('select (a)', 'update (a, b)', 'all (b)', 'select (a), insert'),
      tables,
      grantees,
    )
    .map(([on, words, table, who]) => granting(on, false, words, table, who)),
  fc
    .tuple(fc.boolean(), fc.constantFrom('usage', 'create', 'all'), grantees)
    .map(([on, word, who]) => granting(on, false, word, 'schema s', who)),
  fc
    .tuple(fc.boolean(), fc.constantFrom('usage', 'select', 'all'), grantees)
    .map(([on, word, who]) => granting(on, false, word, 'sequence s.q', who)),
  fc
    .tuple(fc.boolean(), fc.constantFrom('select', 'all'), fc.constantFrom('tables', 'sequences'), grantees)
    .map(([on, word, what, who]) => granting(on, false, word, `all ${what} in schema s`, who)),
);

function granting(on: boolean, option: boolean, words: string, what: string, who: readonly string[]): string {
  if (!on) return `revoke ${option ? 'grant option for ' : ''}${words} on ${what} from ${who.join(', ')}`;
  // Nobody grants an option to everybody.
  const isPublic = who.includes('public');
  return `grant ${words} on ${what} to ${who.join(', ')}${option && !isPublic ? ' with grant option' : ''}`;
}

/** Objects with their grants, by meaning. */
function grantsIn(catalogs: readonly DatabaseCatalog[]): unknown {
  const objects = catalogs.find(({ database: one }) => one === 'shop')?.objects ?? [];
  return objects
    .filter(({ name: one }) => !one.startsWith('pg_') && !one.startsWith('information_schema'))
    .map(({ kind, name: one, acl }) => {
      const grants = [...parseAcl(acl).values()].map(
        ({ grantee, grantor, privilege, grantable }) => `${grantee}:${privilege}${grantable ? '*' : ''}/${grantor}`,
      );
      return grants.length === 0 && kind === 'column' ? '' : `${kind} ${one} ${grants.sort().join(' ')}`;
    })
    .filter((text) => text !== '')
    .sort();
}

/** Only what decides a login. */
function deciding({ roles, memberships, databases }: People): unknown {
  return {
    roles: roles
      .filter((role) => (names as readonly string[]).includes(role.name))
      .map(({ name: one, superuser, inherit, login, replication, connectionLimit, validUntil }) => {
        return { one, superuser, inherit, login, replication, connectionLimit, validUntil };
      }),
    memberships: memberships
      .filter(({ member }) => (names as readonly string[]).includes(member))
      .map(({ role, member, inherit, set }) => `${member} in ${role} ${inherit} ${set}`)
      .sort(),
    databases: databases
      .filter(({ name: one }) => one === 'shop' || one === 'shed')
      .map(({ name: one, owner, connectionLimit, allowConnections, acl }) => ({
        one,
        owner,
        connectionLimit,
        allowConnections,
        connect: [...parseAcl(acl).values()]
          .filter(({ privilege }) => privilege === 'c')
          .map(({ grantee, grantor }) => `${grantee} by ${grantor}`)
          .sort(),
      })),
  };
}

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let cluster: Cluster | null = null;
    afterAll(() => cluster?.remove());

    it('statements do to a snapshot what they do to the server', async () => {
      cluster = await createCluster({ major });
      const sql = new pg.Client({ connectionString: cluster.url() });
      await sql.connect();
      const target = targetOf(cluster);
      try {
        for (const one of names) await sql.query(`create role ${one}`);
        for (const one of ['shop', 'shed']) await sql.query(`create database ${one}`);
        let before = await target.capture();
        const property = fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 6 }), async (statements) => {
          for (const one of statements) await sql.query(one);
          const after = await target.capture();
          const sections = before.snapshot?.sections;
          if (sections === undefined || after.snapshot === null) throw new Error('SQL did not answer');
          const parsed = await parseSql(statements.map((one) => ({ database: 'postgres', statement: one })));
          const nodes = parsed.flatMap(({ statements: some }) => (typeof some === 'string' ? [] : some));
          const told = afterSql(sections, nodes, sections.server.versionNum);
          before = after;
          expect(told.untold).toBeNull();
          expect(deciding(told)).toEqual(deciding(after.snapshot.sections));
        });
        await fc.assert(property, { seed, numRuns, endOnFailure: true });
      } finally {
        await sql.end();
        await target.close();
      }
    }, 300_000);

    it('grants in a database do to its catalog what they do to the server', async () => {
      const server = cluster as Cluster;
      const sql = new pg.Client({ connectionString: server.url('postgres', 'shop') });
      // Whatever the statements before have made of it.
      const home = new pg.Client({ connectionString: server.url() });
      await home.connect();
      await home.query('alter database shop with allow_connections true connection limit -1');
      for (const one of names) await home.query(`alter role ${one} nosuperuser`);
      await home.end();
      await sql.connect();
      const target = targetOf(server);
      try {
        for (const one of [
          'create schema s',
          'create table public.t (a int, b int)',
          'create view public.u as select 1 as a, 2 as b',
          'create table s.v (a int, b int)',
          'create sequence s.q',
        ])
          await sql.query(one);
        let before = await target.capture();
        const property = fc.asyncProperty(fc.array(grant, { minLength: 1, maxLength: 5 }), async (statements) => {
          for (const one of statements) await sql.query(one);
          const after = await target.capture();
          const sections = before.snapshot?.sections;
          if (sections === undefined || after.snapshot === null) throw new Error('SQL did not answer');
          const parsed = await parseSql(statements.map((one) => ({ database: 'shop', statement: one })));
          const run = parsed.flatMap(({ database: where, statements: some }) =>
            typeof some === 'string' ? [] : some.map((one) => ({ database: where, statement: one })),
          );
          const told = afterGrants(sections.catalogs, run, sections.server.versionNum);
          before = after;
          expect([...told.untold]).toEqual([]);
          expect(grantsIn(told.catalogs)).toEqual(grantsIn(after.snapshot.sections.catalogs));
        });
        await fc.assert(property, { seed, numRuns, endOnFailure: true });
      } finally {
        await sql.end();
        await target.close();
      }
    }, 300_000);
  });
