import { describe, expect, it } from '@jest/globals';
import type { ObjectEntry } from '../../../../domain/catalog.ts';
import { mergeAcl, parseAcl, sameAcl, underOwner } from '../../../../domain/revert/sql/acl.ts';
import { inShop, planned, sqlOf, table } from './builders.ts';

const revertOf = (s: readonly string[], c: readonly string[], l: readonly string[] = c): readonly string[] =>
  sqlOf(planned(...([s, c, l].map((acl) => inShop([table('public.t', acl)])) as [Shop, Shop, Shop])));
type Shop = ReturnType<typeof inShop>;

describe('grants on a table', () => {
  for (const [name, s, c, l, want] of [
    ['what the change revoked is granted', ['app=rw/owner'], [], [], ['grant select, update on table public.t to app']],
    [
      'what the change granted is revoked',
      [],
      ['app=r/owner'],
      ['app=r/owner'],
      ['revoke select on table public.t from app'],
    ],
    ['PUBLIC is a grantee like others', ['=r/owner'], [], [], ['grant select on table public.t to public']],
    [
      'roles that get the same stand in one statement',
      ['a=r/owner', 'b=r/owner', 'c=w/owner'],
      [],
      [],
      ['grant select on table public.t to a, b', 'grant update on table public.t to c'],
    ],
    [
      "somebody else's grant on the same table survives",
      ['app=r/owner'],
      [],
      ['other=a/owner'],
      ['grant select on table public.t to app'],
    ],
    [
      "somebody else's revoke survives",
      ['app=r/owner', 'x=r/owner'],
      ['x=r/owner'],
      [],
      ['grant select on table public.t to app'],
    ],
    ['what is back already needs nothing', ['app=r/owner'], [], ['app=r/owner'], []],
    [
      'the grant option alone is taken back',
      ['app=r/owner'],
      ['app=r*/owner'],
      ['app=r*/owner'],
      ['revoke grant option for select on table public.t from app'],
    ],
    [
      'the grant option alone comes back',
      ['app=r*/owner'],
      ['app=r/owner'],
      ['app=r/owner'],
      ['grant select on table public.t to app with grant option'],
    ],
    [
      'a chain comes back from its root on, each link as its grantor',
      ['app=r*/owner', 'b=r*/app', 'c=r/b'],
      [],
      [],
      [
        'grant select on table public.t to app with grant option',
        'set local role app',
        'grant select on table public.t to b with grant option',
        'set local role none',
        'set local role b',
        'grant select on table public.t to c',
        'set local role none',
      ],
    ],
    [
      'a chain goes from its end on',
      [],
      ['app=r*/owner', 'b=r/app'],
      ['app=r*/owner', 'b=r/app'],
      [
        'set local role app',
        'revoke select on table public.t from b',
        'set local role none',
        'revoke select on table public.t from app',
      ],
    ],
    [
      'a grant option that two have given leaves what hangs on the other one',
      ['x=r*/owner', 'app=r*/x', 'b=r/app'],
      ['x=r*/owner', 'app=r*/x', 'app=r*/owner', 'b=r/app'],
      ['x=r*/owner', 'app=r*/x', 'app=r*/owner', 'b=r/app'],
      ['revoke select on table public.t from app'],
    ],
    ['an odd name is quoted', ['"Odd ""one"=r/owner'], [], [], ['grant select on table public.t to "Odd ""one"']],
    ['a reserved word is quoted', ['user=r/owner'], [], [], ['grant select on table public.t to "user"']],
  ] as const)
    it(name, () => expect(revertOf(s, c, l)).toEqual(want));

  it('names what somebody else built on a grant of the change, and takes it along', () => {
    const [unit] = planned(
      inShop([table('public.t', [])]),
      inShop([table('public.t', ['app=r*/owner'])]),
      inShop([table('public.t', ['app=r*/owner', 'friend=r/app'])]),
    );
    expect(unit?.statements.map(({ sql }) => sql)).toEqual([
      'set local role app',
      'revoke select on table public.t from friend',
      'set local role none',
      'revoke select on table public.t from app',
    ]);
    expect(unit?.conflicts).toEqual([
      'table public.t in database shop: select of friend from app cannot stand: app no longer may grant it',
    ]);
    expect(unit?.items[0]?.decision).toBe('conflict-restored');
  });

  it('lets a grantor in that may not enter the schema any more, for the moment', () => {
    const schema: ObjectEntry = { kind: 'schema', name: 'closed', owner: 'o', acl: ['o=UC/o'], aclIsNull: false };
    const [s, c] = [['g=r*/owner', 'x=r/g'], ['g=r*/owner']].map((acl) => inShop([schema, table('closed.t', acl)]));
    expect(sqlOf(planned(s as Shop, c as Shop, c as Shop))).toEqual([
      'grant usage on schema closed to g',
      'set local role g',
      'grant select on table closed.t to x',
      'set local role none',
      'revoke usage on schema closed from g',
    ]);
  });

  it('is the same for any order of entries', () => {
    expect(sameAcl(parseAcl(['a=rw/o', '=r/o']), parseAcl(['=r/o', 'a=wr/o']))).toBe(true);
    expect(sameAcl(parseAcl(['a=r/o']), parseAcl(['a=r*/o']))).toBe(false);
  });

  it('becomes what an owner change makes of it', () => {
    const acl = underOwner(parseAcl(['a=arw/a', 'b=r/a', 'c=r*/a', 'd=r/c']), 'a', 'b');
    expect(sameAcl(acl, parseAcl(['b=arw/b', 'c=r*/b', 'd=r/c']))).toBe(true);
  });

  it('leaves alone what the change did not touch, whatever it is', () => {
    const [s, l] = [parseAcl(['a=r/o']), parseAcl(['b=w/o'])];
    expect(mergeAcl(s, s, l, 'o').want).toEqual(l);
  });
});
