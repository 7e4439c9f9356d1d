import { describe, expect, it } from '@jest/globals';
import type { ObjectEntry } from '../../../../domain/catalog.ts';
import { column, inShop, planned, sections, sqlOf, table } from './builders.ts';

const revert = (s: readonly ObjectEntry[], c: readonly ObjectEntry[], l: readonly ObjectEntry[] = c) =>
  planned(inShop(s), inShop(c), inShop(l));

describe('owners', () => {
  it('go back before the grants, and what the new owner had of the old one is granted again', () => {
    const s = [table('t', ['b=r/owner', 'x=r/owner'])];
    const c = [{ ...table('t', []), owner: 'b', acl: ['b=arwdDxt/b', 'x=r/b'] }];
    expect(sqlOf(revert(s, c))).toEqual(['alter table t owner to owner', 'grant select on table t to b']);
  });

  it('keep what somebody else granted under the new one', () => {
    const s = [table('t', [])];
    const c = [{ ...table('t', []), owner: 'b', acl: ['b=arwdDxt/b'] }];
    const l = [{ ...table('t', []), owner: 'b', acl: ['b=arwdDxt/b', 'y=w/b'] }];
    expect(sqlOf(revert(s, c, l))).toEqual(['alter table t owner to owner']);
  });

  it('that somebody else chose meanwhile stay where the change did not touch them', () => {
    const s = [table('t', ['x=r/owner'])];
    const c = [table('t', [])];
    const l = [{ ...table('t', []), owner: 'b', acl: ['b=arwdDxt/b'] }];
    expect(sqlOf(revert(s, c, l))).toEqual(['grant select on table t to x']);
  });

  it('that both changed go back, and that is said', () => {
    const c = [{ ...table('t', []), owner: 'b', acl: ['b=arwdDxt/b'] }];
    const l = [{ ...table('t', []), owner: 'c', acl: ['c=arwdDxt/c'] }];
    const [unit] = revert([table('t', [])], c, l);
    expect(sqlOf(unit === undefined ? [] : [unit])).toEqual(['alter table t owner to owner']);
    expect(unit?.conflicts).toEqual(['table t in database shop: somebody else gave it to c since: goes back to owner']);
  });

  it('of each kind are named as SQL wants it', () => {
    const kinds: [ObjectEntry['kind'], string, ObjectEntry['routine']?][] = [
      ['materialized view', 'alter materialized view o owner to a'],
      ['foreign server', 'alter server o owner to a'],
      ['routine', 'alter procedure o owner to a', 'procedure'],
      ['routine', 'alter routine o owner to a', 'aggregate'],
      ['large object', 'alter large object o owner to a'],
    ];
    for (const [kind, line, routine] of kinds) {
      const entry = (owner: string): ObjectEntry => ({
        kind,
        name: 'o',
        owner,
        acl: [],
        aclIsNull: true,
        ...(routine ? { routine } : {}),
      });
      expect(sqlOf(revert([entry('a')], [entry('b')]))).toEqual([line]);
    }
  });
});

describe('columns', () => {
  it('come back after their table', () => {
    const s = [table('t', []), column('t', 'c', ['app=rw/owner'])];
    expect(sqlOf(revert(s, [table('t', [])]))).toEqual(['grant select (c), update (c) on table t to app']);
  });

  it('keep what a revoke on their table would take along', () => {
    const s = [table('t', []), column('t', 'c', ['app=r/owner'])];
    const c = [table('t', ['app=r/owner']), column('t', 'c', ['app=r/owner'])];
    expect(sqlOf(revert(s, c))).toEqual(['revoke select on table t from app', 'grant select (c) on table t to app']);
  });

  it('lose what the change granted', () => {
    expect(sqlOf(revert([table('t', [])], [table('t', []), column('t', 'c', ['=r/owner'])]))).toEqual([
      'revoke select (c) on table t from public',
    ]);
  });
});

describe('what is not there any more', () => {
  it('is said once the change dropped it, and keeps nothing from being complete', () => {
    const [unit] = revert([table('t', [])], []);
    expect(unit).toMatchObject({ statements: [], problem: null });
    expect(unit?.items[0]).toMatchObject({
      decision: 'not-revertible',
      note: expect.stringMatching(/dropped by the change/),
    });
  });

  it('remains when somebody dropped it after the change had taken access to it', () => {
    const [unit] = revert([table('t', ['a=r/owner'])], [table('t', [])], []);
    expect(unit?.problem).toMatchObject({ code: 'object-gone', message: 'table t in database shop is gone' });
  });

  it('is left alone when the change made it, and named in one line', () => {
    const units = revert([], [table('a', []), table('b', ['x=r/owner'])]);
    expect(units).toHaveLength(1);
    expect(units[0]?.items[0]).toMatchObject({
      decision: 'not-revertible',
      note: 'made by the change, and left: table a, table b',
    });
  });
});

describe('what the system or an extension made', () => {
  const sleep = (acl: string[]): ObjectEntry => ({
    kind: 'routine',
    name: 'pg_catalog.pg_sleep(double precision)',
    owner: 'postgres',
    acl,
    aclIsNull: false,
    initial: ['=X/postgres', 'postgres=X/postgres'],
    routine: 'function',
  });

  it('goes back to what it had at first', () => {
    expect(sqlOf(revert([], [sleep(['postgres=X/postgres'])]))).toEqual([
      'grant execute on function pg_catalog.pg_sleep(double precision) to public',
    ]);
  });

  it('goes back to whose it was at first', () => {
    const given = { ...sleep(['=X/app', 'app=X/app']), owner: 'app', initialOwner: 'postgres' };
    expect(sqlOf(revert([], [given]))).toEqual([
      'alter function pg_catalog.pg_sleep(double precision) owner to postgres',
    ]);
  });

  it('goes back to what it had when the change made it as at first', () => {
    expect(sqlOf(revert([sleep(['postgres=X/postgres'])], []))).toEqual([
      'revoke execute on function pg_catalog.pg_sleep(double precision) from public',
    ]);
  });
});

describe('what is not known', () => {
  it('of a capture of an older release is left alone', () => {
    const { memberships: _, databases: __, shared: ___, catalogs: ____, ...old } = inShop([]);
    expect(planned(old as ReturnType<typeof sections>, null, inShop([table('t', ['a=r/owner'])]))).toEqual([]);
  });

  it('of the change is taken from what is live', () => {
    expect(sqlOf(planned(inShop([table('t', ['a=r/owner'])]), null, inShop([table('t', [])])))).toEqual([
      'grant select on table t to a',
    ]);
  });

  it('of a database that lets nobody in remains, once the change may have touched it', () => {
    const closed = inShop([], { unread: 'nobody may connect' });
    const [unit] = planned(inShop([table('t', [])]), null, closed);
    expect(unit?.problem).toMatchObject({ code: 'database-unread', detail: 'nobody may connect' });
    expect(planned(inShop([table('t', [])]), inShop([table('t', [])]), closed)).toEqual([]);
  });
});
