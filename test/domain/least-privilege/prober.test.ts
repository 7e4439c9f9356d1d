/** What a role of checks needs by the queries it runs, and what it has too little and too much of. */
import { describe, expect, it } from '@jest/globals';
import { needInWords } from '../../../domain/access/need.ts';
import { type Prober, examineProber, settled } from '../../../domain/least-privilege/prober.ts';
import { excessInWords } from '../../../domain/least-privilege/excess.ts';
import type { Sections } from '../../../domain/snapshot.ts';
import { aCheck, aRole, anObject, probers, shop } from './shop.ts';

const role = 'knowngood_prober';

async function proberOf(query: string): Promise<Prober> {
  const [prober] = await probers(aCheck(query));
  if (prober === undefined) throw new Error('the check is its own');
  return prober;
}

async function needs(query: string): Promise<readonly string[]> {
  const { databases } = settled(await proberOf(query), shop(170_003));
  return (databases.get('shop') ?? []).map(needInWords);
}

describe('what a query needs', () => {
  for (const [name, query, want] of [
    ['nothing', 'select 1', []],
    ['a table by its full name', 'select 1 from app.images', ['usage on schema app', 'select on app.images']],
    ['a table of public', 'select 1 from orders', ['usage on schema public', 'select on public.orders']],
    ['a table that stands elsewhere', 'select 1 from images', ['usage on schema app', 'select on app.images']],
    [
      'tables of subqueries',
      'select (select count(*) from orders) from (select * from app.images) i',
      ['usage on schema public', 'select on public.orders', 'usage on schema app', 'select on app.images'],
    ],
    ['no common table expression', 'with t as (select 1) select * from t', []],
    ['nothing of the system', 'select 1 from pg_stat_activity, pg_catalog.pg_class, information_schema.tables', []],
    ['nothing that is not there', 'select 1 from app.nowhere', []],
  ] as const) {
    it(name, async () => expect(await needs(query)).toEqual(want));
  }

  it('says what it could not find', async () => {
    const { unclear } = settled(await proberOf('select 1 from app.nowhere'), shop(170_003));
    expect(unclear).toEqual(['app.nowhere is not known in database shop: grant by hand what the check needs']);
  });
});

describe('what a role of checks has', () => {
  const right = aRole(role, { connectionLimit: 5 });
  const [base] = shop(170_003).catalogs;
  const shopWith = (prober: ReturnType<typeof aRole> | null, bend: Partial<Sections> = {}): Sections => {
    const sections = shop(170_003);
    return { ...sections, roles: [...sections.roles, ...(prober === null ? [] : [prober])], ...bend };
  };
  const withObjects = (...objects: readonly ReturnType<typeof anObject>[]): Partial<Sections> => ({
    catalogs: base === undefined ? [] : [{ ...base, objects }],
  });
  const images = (acl: readonly string[]) => anObject('table', 'app.images', 'shop_owner', acl);
  const app = (acl: readonly string[]) => anObject('schema', 'app', 'shop_owner', acl);
  const granted = withObjects(images([`${role}=r/shop_owner`]), app([`${role}=U/shop_owner`]));
  const database = shop(170_003).databases[0];

  for (const [name, sections, want] of [
    ['is right', shopWith(right, granted), { lacking: [], excess: [] }],
    ['is missing', shopWith(null, granted), { lacking: ['there is no such role'], excess: [] }],
    ['may not log in', shopWith({ ...right, login: false }, granted), { lacking: ['it may not log in'], excess: [] }],
    [
      'lacks its table and the way there',
      shopWith(right, withObjects(images([]), app([]))),
      { lacking: [/no USAGE on app/, /no SELECT on app\.images/], excess: [] },
    ],
    [
      'is a superuser',
      shopWith({ ...right, superuser: true }, granted),
      { lacking: [], excess: ['it is a superuser'] },
    ],
    [
      'has attributes, and no limit',
      shopWith(aRole(role, { createRole: true, bypassRls: true }), granted),
      { lacking: [], excess: ['it has CREATEROLE', 'it has BYPASSRLS', 'it has no connection limit'] },
    ],
    [
      'is a member of another',
      shopWith(right, {
        ...granted,
        memberships: [
          { role: 'shop_owner', member: role, grantor: 'postgres', admin: false, inherit: true, set: true },
        ],
      }),
      { lacking: [], excess: ['it is in shop_owner'] },
    ],
    [
      'may write to its table',
      shopWith(right, withObjects(images([`${role}=rw/shop_owner`]), app([`${role}=U/shop_owner`]))),
      { lacking: [], excess: ['it has privileges on table app.images of database shop that no check needs'] },
    ],
    [
      'owns something',
      shopWith(
        right,
        withObjects(
          images([`${role}=r/shop_owner`]),
          app([`${role}=U/shop_owner`]),
          anObject('type', 'app.t', role, []),
        ),
      ),
      { lacking: [], excess: [/type app\.t/] },
    ],
    [
      'may make temporary tables by a grant of its own',
      shopWith(right, {
        ...granted,
        databases: database === undefined ? [] : [{ ...database, acl: [`${role}=Tc/shop_owner`] }],
      }),
      { lacking: [], excess: ['it has more on database shop than to connect'] },
    ],
  ] as const) {
    it(name, async () => {
      const found = examineProber(await proberOf('select 1 from app.images'), sections);
      const matching = (list: readonly (string | RegExp)[]) =>
        list.map((one) => (typeof one === 'string' ? one : (expect.stringMatching(one) as unknown as string)));
      expect(found).toEqual({ lacking: matching(want.lacking), excess: matching(want.excess) });
    });
  }
});

it('of a superuser nothing else is said', () => {
  const all = { replication: true, bypassRls: true, roles: ['pg_read_all_data'], settings: ['archive_command'] };
  expect(excessInWords({ ...all, superuser: true })).toEqual(['it is a superuser']);
  expect(excessInWords({ ...all, superuser: false })).toEqual([
    'it may replicate, which copies the whole server',
    'it bypasses row security',
    'it is in pg_read_all_data',
    'it may set archive_command, which agent.yaml lets no change set',
  ]);
});
