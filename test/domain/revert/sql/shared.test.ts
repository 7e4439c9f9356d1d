import { describe, expect, it } from '@jest/globals';
import type { DatabaseCatalog, PolicyEntry, SharedObjectEntry } from '../../../../domain/catalog.ts';
import { database, inShop, membership, planned, sections, sqlOf, table } from './builders.ts';

const members = (list: readonly string[], versionNum?: number) =>
  sections({ memberships: list.map((text) => membership(text)), ...(versionNum === undefined ? {} : { versionNum }) });

describe('memberships', () => {
  for (const [name, s, c, l, want] of [
    [
      'come back with their options and grantor',
      ['staff>app/postgres'],
      [],
      [],
      ['grant staff to app with admin false, inherit true, set true granted by postgres'],
    ],
    [
      'go when the change gave them',
      [],
      ['staff>app/postgres'],
      ['staff>app/postgres'],
      ['revoke staff from app granted by postgres'],
    ],
    [
      'come back from the root of a chain on',
      ['staff>a/b', 'staff>b/postgres*'],
      [],
      [],
      [
        'grant staff to b with admin true, inherit true, set true granted by postgres',
        'grant staff to a with admin false, inherit true, set true granted by b',
      ],
    ],
    [
      'lose the admin option alone',
      ['staff>a/postgres'],
      ['staff>a/postgres*'],
      ['staff>a/postgres*'],
      ['revoke admin option for staff from a granted by postgres'],
    ],
    [
      "leave somebody else's alone",
      ['staff>a/postgres'],
      [],
      ['staff>z/postgres'],
      ['grant staff to a with admin false, inherit true, set true granted by postgres'],
    ],
    [
      'take along what cannot stand without them',
      [],
      ['staff>a/postgres*'],
      ['staff>a/postgres*', 'staff>friend/a'],
      ['revoke staff from friend granted by a', 'revoke staff from a granted by postgres'],
    ],
  ] as const)
    it(name, () => expect(sqlOf(planned(members(s), members(c), members(l)))).toEqual(want));

  it('have one row a member before 16, and their grantor is but a note', () => {
    const [s, c] = [members(['staff>a/x*'], 150000), members(['staff>a/y*'], 150000)];
    expect(sqlOf(planned(s, c, c))).toEqual(['revoke staff from a', 'grant staff to a with admin option granted by x']);
  });

  it('are an item each', () => {
    const units = planned(members(['staff>a/postgres', 'staff>b/postgres']), members([]), members([]));
    expect(units.flatMap(({ items }) => items.map(({ key }) => key))).toEqual([
      'membership:staff/a/postgres',
      'membership:staff/b/postgres',
    ]);
  });
});

describe('databases', () => {
  const revert = (s: object, c: object, l: object = c) =>
    sqlOf(
      planned(...([s, c, l].map((bend) => sections({ databases: [database('shop', bend)] })) as [Sides, Sides, Sides])),
    );
  type Sides = ReturnType<typeof sections>;

  it('let people in again', () => {
    expect(revert({}, { allowConnections: false, connectionLimit: 0 })).toEqual([
      'alter database shop with connection limit -1 allow_connections true',
    ]);
    expect(revert({ acl: ['=c/owner'] }, { acl: [] })).toEqual(['grant connect on database shop to public']);
  });

  it('that are gone remain', () => {
    const [unit] = planned(sections({ databases: [database('shop')] }), sections(), sections());
    expect(unit?.problem).toMatchObject({ code: 'object-gone', message: 'database shop is gone' });
  });
});

describe('parameters', () => {
  const own = 'postgres=sA/postgres';
  const parameter = (...acl: string[]): SharedObjectEntry[] => [
    { kind: 'parameter', name: 'work_mem', owner: 'postgres', acl: [...acl, own], aclIsNull: false },
  ];

  it('lose what the change granted, and keep what their owner has by nature', () => {
    const c = sections({ shared: parameter('app=s/postgres') });
    expect(sqlOf(planned(sections(), c, c))).toEqual(['revoke set on parameter work_mem from app']);
  });

  it('get back what the change revoked, when nothing of it is left', () => {
    const s = sections({ shared: parameter('app=sA/postgres') });
    expect(sqlOf(planned(s, sections(), sections()))).toEqual(['grant set, alter system on parameter work_mem to app']);
  });

  it("are the bootstrap superuser's, whoever granted them to itself", () => {
    const itself = ['app=s*/postgres', 'app=s/app'];
    const c = sections({ shared: parameter(...itself) });
    const s = sections({ shared: parameter(...itself, 'web=s/postgres') });
    expect(sqlOf(planned(s, c, c))).toEqual(['grant set on parameter work_mem to web']);
  });
});

describe('default privileges', () => {
  const shop = (defaults: DatabaseCatalog['defaults']) => inShop([], { defaults });

  it('without an entry are the built-in ones', () => {
    const c = shop([{ role: 'r', schema: '', on: 'routines', acl: ['r=X/r', 'app=X/r'] }]);
    expect(sqlOf(planned(shop([]), c, c))).toEqual([
      'alter default privileges for role r revoke execute on routines from app',
      'alter default privileges for role r grant execute on routines to public',
    ]);
  });

  it('of a schema add to them', () => {
    const s = shop([{ role: 'r', schema: '"Odd"', on: 'tables', acl: ['app=r/r'] }]);
    expect(sqlOf(planned(s, shop([]), shop([])))).toEqual([
      'alter default privileges for role r in schema "Odd" grant select on tables to app',
    ]);
  });
});

describe('row security', () => {
  const policy = (bend: Partial<PolicyEntry> = {}): PolicyEntry => ({
    name: 'own',
    permissive: true,
    command: 'all',
    roles: ['app'],
    using: 'true',
    check: null,
    ...bend,
  });
  const shop = (enabled: boolean, ...policies: PolicyEntry[]) =>
    inShop([table('t', [])], {
      rowSecurity: enabled || policies.length > 0 ? [{ table: 't', enabled, forced: false, policies }] : [],
    });

  for (const [name, s, c, want] of [
    ['is switched on again', shop(true), shop(false), ['alter table t enable row level security']],
    ['loses a policy of the change', shop(true), shop(true, policy()), ['drop policy own on t']],
    [
      'gets a policy back',
      shop(true, policy({ roles: [''] })),
      shop(true),
      ['create policy own on t as permissive for all to public using (true)'],
    ],
    [
      'has a policy altered back',
      shop(true, policy()),
      shop(true, policy({ using: 'false' })),
      ['alter policy own on t to app using (true)'],
    ],
    [
      'has a policy made anew when it cannot be altered back',
      shop(true, policy()),
      shop(true, policy({ check: 'false' })),
      ['drop policy own on t', 'create policy own on t as permissive for all to app using (true)'],
    ],
  ] as const)
    it(name, () => expect(sqlOf(planned(s, c, c))).toEqual(want));
});

describe('extensions', () => {
  it('are shown, and keep nothing from being complete', () => {
    const shop = (version: string) => inShop([], { extensions: [{ name: 'cube', version, schema: 'public' }] });
    const [unit] = planned(shop('1.4'), shop('1.5'), shop('1.5'));
    expect(unit).toMatchObject({ statements: [], problem: null });
    expect(unit?.items[0]).toMatchObject({
      key: 'extension:shop:cube',
      decision: 'not-revertible',
      note: 'was version 1.4 in schema public, is version 1.5 in schema public: an extension is not put back',
    });
  });
});
