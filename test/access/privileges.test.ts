/** What a user may do, beside `has_*_privilege` and real statements: roles, memberships, owners, grants, policies, all drawn. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import type { Need } from '../../domain/access/need.ts';
import { type AskNeed, privilegesIn } from '../../domain/access/privileges.ts';
import type { Target } from '../../targets/target.ts';
import { type Cluster, type PostgresMajor, createCluster } from '../../worker/stack/cluster.ts';
import { targetOf } from '../targets/postgres/server.ts';
import {
  type StateDrawn,
  asSql,
  elsewhere,
  needs,
  ownSql,
  quoted,
  sharedSql,
  stateDrawn,
  tables,
  users,
} from './privileges-house.ts';

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
/** Every day the same states; the full suite draws new ones, and prints the seed of what fails. */
const seeded = full ? {} : { seed: 20240412 };
const majors: readonly PostgresMajor[] = full ? [14, 15, 16, 17, 18] : [14, 16, 18];
const statesEach = Number(process.env['KNOWNGOOD_FILES'] ?? (full ? 150 : 5));

const seen = { privileges: 0, held: 0, unknown: 0, statements: 0, reached: 0 };
afterAll(() => {
  const { privileges, held, unknown, statements, reached } = seen;
  console.log(
    `privileges: ${privileges} decisions, ${held} held, ${unknown} unknown; ${statements} statements, ${reached} did something`,
  );
});

for (const major of majors)
  describe(`PostgreSQL ${major}`, () => {
    let cluster: Cluster;
    let target: Target;
    let sql: pg.Client;

    beforeAll(async () => {
      cluster = await createCluster({ major, hba: 'local all all trust\nhost all all all scram-sha-256\n' });
      target = targetOf(cluster);
      sql = new pg.Client(cluster.url());
      await sql.connect();
      for (const name of users) await sql.query(`create role ${quoted(name)}`);
    }, 60_000);
    afterAll(async () => {
      await sql?.end();
      await target?.close();
      await cluster?.remove();
    });

    /** Makes the server so, and takes a snapshot of it. */
    async function make(drawn: StateDrawn): Promise<{ readonly ask: AskNeed; readonly inside: pg.Client }> {
      await sql.query('drop database if exists shop with (force)');
      const { rows } = await sql.query<{ revoke: string }>(
        `select format('revoke %s from %I', roleid::regrole, pg_get_userbyid(member)) as revoke
         from pg_auth_members where member >= 16384`,
      );
      for (const statement of [...rows.map(({ revoke }) => revoke), ...sharedSql(drawn, major)])
        await sql.query(statement);
      await sql.query(`create database shop owner ${quoted(drawn.databaseOwner)}`);
      const inside = new pg.Client(cluster.url('postgres', 'shop', cluster.password));
      await inside.connect();
      for (const statement of ownSql(drawn, major)) await inside.query(statement);
      const { snapshot } = await target.capture();
      if (snapshot === null) throw new Error('the server did not answer');
      return { ask: privilegesIn(snapshot.sections, 'shop'), inside };
    }

    it(
      'the same privileges are held, and the same statements reach something',
      () =>
        fc.assert(
          fc.asyncProperty(stateDrawn, async (drawn) => {
            const { ask, inside } = await make(drawn);
            try {
              await compareHeld(ask, inside);
              await compareMissing(ask, inside);
              await compareStatements(ask, inside);
            } finally {
              await inside.end();
            }
          }),
          { numRuns: statesEach, ...seeded },
        ),
      full ? 1_800_000 : 60_000,
    );

    it('what an extension made is unknown until somebody changes its privileges', async () => {
      await sql.query('drop database if exists shop with (force)');
      await sql.query('create database shop');
      const inside = new pg.Client(cluster.url('postgres', 'shop', cluster.password));
      await inside.connect();
      try {
        await inside.query(`alter role "alice" nosuperuser; create schema ext; create extension pgcrypto schema ext`);
        await inside.query('grant usage on schema ext to public; create table public.mine (id integer)');
        await inside.query('revoke execute on function ext.gen_salt(text) from public');
        const { snapshot } = await target.capture();
        if (snapshot === null) throw new Error('the server did not answer');
        const ask = privilegesIn(snapshot.sections, 'shop');
        const kinds = ['ext.gen_salt(text, integer)', 'ext.gen_salt(text)', 'ext.gen_salt'].map(
          (name) => ask('alice', on('execute', 'routine', name)).holds.kind,
        );
        // Of two with that name the snapshot holds one.
        expect(kinds).toEqual(['unknown', 'denied', 'unknown']);
        expect(ask('alice', on('select', 'table', 'public.nothing')).holds.kind).toBe('unknown');
        expect(ask('alice', on('select', 'table', 'public.mine')).holds.kind).toBe('denied');
      } finally {
        await inside.end();
      }
    });

    it('settings of the role that bear on it are heard', async () => {
      await sql.query('drop database if exists shop with (force)');
      await sql.query(`create role dora login password 'secret'; create role erik login password 'secret'`);
      await sql.query('create role frieda; grant frieda to erik');
      await sql.query('create database shop');
      await sql.query(`alter role dora in database shop set row_security = 'off'; alter role erik set role = 'frieda'`);
      const inside = new pg.Client(cluster.url('postgres', 'shop', cluster.password));
      await inside.connect();
      await inside.query('create table public.t (id integer); alter table public.t enable row level security');
      await inside.query('create policy p on public.t using (true); grant select on public.t to dora, erik');
      if (major < 15) await inside.query('grant usage on schema public to public');
      await inside.end();
      const { snapshot } = await target.capture();
      if (snapshot === null) throw new Error('the server did not answer');
      const ask = privilegesIn(snapshot.sections, 'shop');
      const need = on('select', 'table', 'public.t');
      expect(ask('dora', need)).toMatchObject({ holds: { kind: 'allowed' }, reaches: { kind: 'denied' } });
      expect(ask('erik', need)).toMatchObject({ holds: { kind: 'allowed' }, reaches: { kind: 'unknown' } });
      const codes = ['dora', 'erik'].map(async (user) => {
        const client = new pg.Client(cluster.url(user, 'shop', 'secret'));
        await client.connect();
        const code = await client.query('select * from public.t').then(
          () => null,
          (error: { code?: string }) => error.code,
        );
        await client.end();
        return code;
      });
      expect(await Promise.all(codes)).toEqual(['42501', '42501']);
    });

    async function compareHeld(ask: AskNeed, inside: pg.Client): Promise<void> {
      for (const user of users) {
        const all = needs(major);
        const words = all.map((need) => asSql(user, need)).join(', ');
        const { rows } = await inside.query<{ held: readonly boolean[] }>(`select array[${words}] as held`);
        const theirs = Object.fromEntries(all.map((need, at) => [wordsOf(user, need), rows[0]?.held[at]]));
        const ours = Object.fromEntries(
          all.map((need, at) => {
            const { holds } = ask(user, need);
            seen.privileges += 1;
            if (holds.kind === 'unknown') seen.unknown += 1;
            if (holds.kind === 'allowed') seen.held += 1;
            return [wordsOf(user, need), holds.kind === 'unknown' ? rows[0]?.held[at] : holds.kind === 'allowed'];
          }),
        );
        expect(ours).toEqual(theirs);
      }
    }

    /** The server says of what is not there that it is not there. */
    async function compareMissing(ask: AskNeed, inside: pg.Client): Promise<void> {
      for (const user of users)
        for (const need of elsewhere) {
          const { holds } = ask(user, need);
          const held = await inside.query<{ held: boolean }>(`select ${asSql(user, need)} as held`).then(
            ({ rows }) => rows[0]?.held,
            () => 'missing',
          );
          seen.privileges += 1;
          if (holds.kind === 'unknown') seen.unknown += 1;
          else expect({ user, need, held: held === true }).toEqual({ user, need, held: holds.kind === 'allowed' });
        }
    }

    async function compareStatements(ask: AskNeed, inside: pg.Client): Promise<void> {
      for (const user of users)
        for (const { need, statement } of statements) {
          const { reaches } = ask(user, need);
          await inside.query(`begin; set local role ${quoted(user)}`);
          const did = await inside.query(statement).then(
            ({ rowCount }) => (rowCount ?? 0) > 0,
            (error: { code?: string }) => (error.code === '42501' ? false : (error.code ?? 'no answer')),
          );
          await inside.query('rollback');
          seen.statements += 1;
          if (did === true) seen.reached += 1;
          expect({ user, statement, reaches, did }).toEqual({
            user,
            statement,
            reaches,
            did: reaches.kind === 'allowed',
          });
        }
    }
  });

/** A statement that works exactly when its one need is met. */
const statements: readonly { readonly need: Need; readonly statement: string }[] = [
  ...tables.flatMap(({ name, column }) => [
    { need: on('select', 'column', `${name}.${column}`), statement: `select ${column} from ${name}` },
    { need: on('insert', 'column', `${name}.${column}`), statement: `insert into ${name} (${column}) values ('b')` },
    { need: on('update', 'column', `${name}.${column}`), statement: `update ${name} set ${column} = 'c'` },
    { need: on('delete', 'table', name), statement: `delete from ${name}` },
    { need: on('select', 'table', name), statement: `select * from ${name}` },
  ]),
  { need: on('execute', 'routine', 'public.f(int)'), statement: 'select public.f(1)' },
  { need: on('execute', 'routine', 'app.total(int4)'), statement: 'select app.total(1)' },
  { need: on('usage', 'schema', 'app'), statement: `select 'app.orders'::regclass` },
];

function on(privilege: Need['privilege'], kind: Need['on']['kind'], name: string): Need {
  return { privilege, on: { kind, name } };
}

function wordsOf(user: string, { privilege, on: { kind, name } }: Need): string {
  return `${user}: ${privilege} on ${kind} ${name}`;
}
