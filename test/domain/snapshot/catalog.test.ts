/** The catalogs as values: one form by meaning, and differences in the words of a DBA. */
import { describe, expect, it } from '@jest/globals';
import type { DatabaseCatalog, ObjectEntry } from '../../../domain/catalog.ts';
import { planOfDiff } from '../../../domain/plan/summary.ts';
import { aclWords, underOwner } from '../../../domain/snapshot/acl-words.ts';
import { writeCatalogs } from '../../../domain/snapshot/canonical-catalog.ts';
import { canonicalJson } from '../../../domain/snapshot/canonical.ts';
import { diffSnapshots } from '../../../domain/snapshot/diff.ts';
import { snapshotOf } from '../../../domain/snapshot/hash.ts';
import type { Sections, Snapshot } from '../../../domain/snapshot.ts';

const sections: Sections = {
  server: { version: '17.10', versionNum: 171000, systemIdentifier: '1', dataDirectory: '/d', inRecovery: false },
  files: [],
  settings: [],
  roles: [],
  memberships: [],
  databases: [],
  shared: [],
  catalogs: [],
};

function aTable(bent: Partial<ObjectEntry> = {}): ObjectEntry {
  return {
    kind: 'table',
    name: 'public.orders',
    owner: 'owner',
    acl: ['app_svc=r/owner', 'owner=arwdDxt/owner'],
    aclIsNull: false,
    ...bent,
  };
}

function aCatalog(bent: Partial<DatabaseCatalog> = {}): DatabaseCatalog {
  return { database: 'shop', unread: null, objects: [], defaults: [], rowSecurity: [], extensions: [], ...bent };
}

function holding(...objects: readonly ObjectEntry[]): Snapshot {
  return snapshotOf({ ...sections, catalogs: [aCatalog({ objects })] });
}

const summaries = (a: Snapshot, b: Snapshot): readonly string[] => diffSnapshots(a, b).map(({ summary }) => summary);

describe('the canonical form', () => {
  it('is canonical JSON without whether an ACL was NULL', () => {
    const objects: readonly ObjectEntry[] = [
      aTable({ name: 'public."a\n""ü"' }),
      { ...aTable(), kind: 'column', name: 'public.orders.id', of: 'public.orders', column: 'id', owner: '' },
      { ...aTable(), kind: 'routine', name: 'pg_catalog.f()', routine: 'function', initial: ['=X/owner'] },
      ...Array.from({ length: 2000 }, (_, i) => aTable({ name: `public.t${i}` })),
    ];
    const catalogs = [
      aCatalog({ objects, extensions: [{ name: 'citext', version: '1.6', schema: 'public' }] }),
      aCatalog({ database: 'template0', unread: 'it allows no connections' }),
    ];
    const pieces: string[] = [];
    writeCatalogs(catalogs, (text) => pieces.push(text));
    const meant = catalogs.map((catalog) => ({
      ...catalog,
      objects: catalog.objects.map((object) => ({ ...object, aclIsNull: undefined })),
    }));
    expect(pieces.join('')).toBe(canonicalJson(meant));
    expect(pieces.length).toBeGreaterThan(1);
  });

  it('is the same for NULL and its default written out, and for another order', () => {
    const database = {
      name: 'shop',
      owner: 'owner',
      connectionLimit: -1,
      allowConnections: true,
      isTemplate: false,
      tablespace: 'pg_default',
      acl: ['=Tc/owner'],
      aclIsNull: true,
    };
    const other = aTable({ name: 'public.a' });
    const one = { ...sections, databases: [database], catalogs: [aCatalog({ objects: [aTable(), other] })] };
    const two = {
      ...sections,
      databases: [{ ...database, aclIsNull: false }],
      catalogs: [aCatalog({ objects: [other, aTable({ aclIsNull: true })] })],
    };
    expect(snapshotOf(one).id).toBe(snapshotOf(two).id);
    expect(summaries(snapshotOf(one), snapshotOf(two))).toEqual([]);
  });
});

describe('words for grants', () => {
  it.each([
    ['a privilege gone', ['app=rw/o'], ['app=w/o'], 'app loses SELECT'],
    ['all of them gone', ['app=arwd/o'], [], 'app loses INSERT, SELECT, UPDATE, DELETE'],
    ['everybody', [], ['=U/o'], 'PUBLIC gains USAGE'],
    ['a grant option', [], ['app=r*w/o'], 'app gains SELECT with grant option, UPDATE'],
    ['a grant option gone', ['app=r*/o'], ['app=r/o'], 'app loses the grant option for SELECT'],
    ['another grantor', ['app=r/o'], ['app=r/p'], 'app is granted SELECT by p instead of o'],
    ['one of two grantors gone', ['app=r/o', 'app=r/p'], ['app=r/p'], 'app is granted SELECT by p instead of o, p'],
    [
      'names with quotes',
      ['"a=""b/"=r/o'],
      ['"a=""b/"=rw/"o/p"'],
      'a="b/ gains UPDATE and is granted SELECT by o/p instead of o',
    ],
    [
      'several grantees',
      ['a=r/o', 'b=r/o'],
      ['b=w/o', 'c=r/o'],
      'a loses SELECT; b loses SELECT and gains UPDATE; c gains SELECT',
    ],
    [
      'more grantees than a line holds',
      [],
      ['a=r/o', 'b=r/o', 'c=r/o', 'd=r/o', 'e=r/o', 'f=r/o'],
      'a gains SELECT; b gains SELECT; c gains SELECT; d gains SELECT; and 2 more',
    ],
    ['nothing', ['a=r/o'], ['a=r/o'], ''],
  ] as const)('say %s', (_, before, after, want) => {
    expect(aclWords(before, after)).toBe(want);
  });

  it('do not repeat what a change of owner makes of an ACL', () => {
    expect(underOwner(['=r/old', 'app=r/old', 'old=arw/old'], 'old', 'New One')).toEqual([
      '"New One"=arw/"New One"',
      '=r/"New One"',
      'app=r/"New One"',
    ]);
    const given = aTable({ owner: 'next', acl: ['app_svc=r/next', 'next=arwdDxt/next'] });
    expect(summaries(holding(aTable()), holding(given))).toEqual(['table public.orders in shop: owner owner → next']);
  });
});

it('tells what came, went and changed, and that only the last two take access away', () => {
  const [before, after] = [holding(aTable()), holding(aTable({ acl: ['owner=arwdDxt/owner'] }))];
  expect(summaries(before, after)).toEqual(['table public.orders in shop: app_svc loses SELECT']);
  expect(planOfDiff(before, after)).toMatchObject({ effect: 'none', risk: 'high', items: [{ section: 'catalogs' }] });
  const more = holding(aTable({ name: 'public.new' }), aTable());
  expect(summaries(before, more)).toEqual(['table public.new in shop: added, owner owner']);
  expect(planOfDiff(before, more).risk).toBe('low');
  expect(planOfDiff(more, before).risk).toBe('high');
});

it('tells of what the system made by what it had at first', () => {
  const file = aTable({ kind: 'routine', name: 'pg_catalog.f()', routine: 'function', initial: ['=X/owner'] });
  const revoked = holding({ ...file, acl: [] });
  expect(summaries(holding(), revoked)).toEqual(['function pg_catalog.f() in shop: PUBLIC loses EXECUTE']);
  expect(summaries(revoked, holding())).toEqual(['function pg_catalog.f() in shop: PUBLIC gains EXECUTE']);
});

it('says one thing of a database that could not be read, and nothing when it never could', () => {
  const closed = snapshotOf({ ...sections, catalogs: [aCatalog({ unread: 'it allows no connections' })] });
  expect(diffSnapshots(holding(aTable()), closed)).toEqual([
    {
      key: 'catalog:shop',
      section: 'catalogs',
      kind: 'changed',
      summary: 'privileges in shop: could not be read: it allows no connections',
    },
  ]);
  expect(summaries(closed, holding(aTable()))).toEqual([
    'privileges in shop: could not be read before, and can be now',
  ]);
  expect(summaries(closed, closed)).toEqual([]);
});

it('finds no difference in sections that an older release did not read', () => {
  const { server, files, settings, roles } = sections;
  const { server: a, files: b, settings: c, roles: d } = holding().hashes;
  const older = {
    id: 'x',
    hashes: { server: a, files: b, settings: c, roles: d },
    sections: { server, files, settings, roles },
  };
  expect(diffSnapshots(older as unknown as Snapshot, holding(aTable()))).toEqual([]);
});
