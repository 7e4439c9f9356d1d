/** What of a difference is drift, whether it is in force, and what tells one drift from another. */
import { describe, expect, it } from '@jest/globals';
import { asLeftBy, driftAmong, fingerprintOf } from '../../../domain/drift/items.ts';
import { type LiveFacts, forceOf, forcesOf, loadedOf, notInForce } from '../../../domain/drift/force.ts';
import type { FileEntry, SettingEntry, Snapshot } from '../../../domain/snapshot.ts';
import { aSnapshot } from '../../store/builders.ts';
import { aDifference, anItem, noon, theHba } from './builders.ts';

describe('of what differs', () => {
  const drifting = (keys: readonly [string, 'added' | 'removed' | 'changed'][], ignore: string[] = []): string[] =>
    driftAmong(
      keys.map(([key, kind]) => aDifference(key, kind)),
      ignore,
    ).drift.map(({ key }) => key);

  for (const [name, key, kind, isDrift] of [
    ['a table that came is none', 'object:shop:table:public.orders', 'added', false],
    ['a function that went is none', 'object:shop:routine:public.f(integer)', 'removed', false],
    ['other privileges on a table are', 'object:shop:table:public.orders', 'changed', true],
    ['privileges on a column that came are', 'object:shop:column:public.orders.total', 'added', true],
    ['a policy that went is', 'policy:shop:public.orders:own', 'removed', true],
    ['row security that was switched off is', 'row-security:shop:public.orders', 'changed', true],
    ['a database that came is', 'database:stage', 'added', true],
    ['default privileges are', 'default:shop:owner:public:tables', 'added', true],
    ['an extension that came is', 'extension:shop:postgis', 'added', true],
    ['a role that came is', 'role:guest', 'added', true],
  ] as const)
    it(name, () => expect(drifting([[key, kind]])).toEqual(isDrift ? [key] : []));

  it('what belongs to a table that came is the table', () => {
    const { drift, schemaItems } = driftAmong(
      [
        aDifference('object:shop:table:public.orders', 'added'),
        aDifference('object:shop:column:public.orders.total', 'added'),
        aDifference('row-security:shop:public.orders'),
        aDifference('policy:shop:public.orders:own', 'added'),
        aDifference('policy:stage:public.orders:own', 'added'),
      ],
      [],
    );
    expect(drift.map(({ key }) => key)).toEqual(['policy:stage:public.orders:own']);
    expect(schemaItems).toBe(4);
  });

  it('what the configuration says to ignore is none', () => {
    expect(
      drifting(
        [
          ['role:v-token-1', 'added'],
          ['role:guest', 'added'],
        ],
        ['role:v-*'],
      ),
    ).toEqual(['role:guest']);
  });

  it('only what is as an earlier change had left it is its work', () => {
    const [a, b] = [anItem({ key: 'setting:a' }), anItem({ key: 'setting:b' })];
    expect(asLeftBy([a, b], [aDifference('setting:b'), aDifference('role:x')])).toEqual(['setting:a']);
  });
});

const setting: SettingEntry = {
  name: 'work_mem',
  value: '4096',
  unit: 'kB',
  context: 'user',
  source: 'configuration file',
  sourceFile: '/data/postgresql.conf',
  sourceLine: 1,
  pendingRestart: false,
};

function live(settings: readonly SettingEntry[] = [setting], files: readonly Partial<FileEntry>[] = []): Snapshot {
  const snapshot = aSnapshot('1');
  const [file] = snapshot.sections.files;
  const more = files.map((one) => ({ ...(file as FileEntry), ...one }));
  return { ...snapshot, sections: { ...snapshot.sections, settings, files: [...snapshot.sections.files, ...more] } };
}

describe('whether it is in force', () => {
  const conf = '/data/postgresql.conf';
  const facts = (bend: Partial<LiveFacts> = {}): LiveFacts => ({
    loadedAt: noon,
    changedAt: {},
    unloadable: [],
    waitsIn: [],
    goneLines: false,
    ...bend,
  });
  const pending = { ...setting, pendingRestart: true };
  for (const [name, key, section, seen, known, want] of [
    ['SQL is at once', 'role:image_svc', 'roles', live(), facts(), 'in-force'],
    ['a value that runs is', 'setting:work_mem', 'settings', live(), facts(), 'in-force'],
    ['a value that waits for a restart is not', 'setting:work_mem', 'settings', live([pending]), facts(), 'at-restart'],
    [
      'a file changed before the last load is',
      `file:${conf}`,
      'files',
      live(),
      facts({ changedAt: { [conf]: noon - 1 } }),
      'in-force',
    ],
    [
      'a file changed since is not',
      `file:${conf}`,
      'files',
      live(),
      facts({ changedAt: { [conf]: noon + 1 } }),
      'at-reload',
    ],
    [
      'a file with a setting that waits is not',
      `file:${conf}`,
      'files',
      live([pending]),
      facts({ waitsIn: [conf] }),
      'at-restart',
    ],
    ['a file that does not load is not', `file:${conf}`, 'files', live(), facts({ unloadable: [conf] }), 'unloadable'],
    ['a file that is gone is', 'file:/data/gone.conf', 'files', live(), facts(), 'in-force'],
    [
      'a file that is gone and whose lines still run is not',
      'file:/data/gone.conf',
      'files',
      live(),
      facts({ goneLines: true }),
      'at-reload',
    ],
    [
      'how Debian starts the server is read at a start',
      'file:/data/environment',
      'files',
      live([], [{ path: '/data/environment', role: 'debian' }]),
      facts(),
      'at-restart',
    ],
  ] as const)
    it(name, () => expect(forceOf({ key, section }, seen, known, { digests: {} })).toBe(want));

  describe('of a file that is younger than the load', () => {
    const hba = '/data/pg_hba.conf';
    const withHba = (digest: string): Snapshot => live([], [{ path: hba, role: 'hba', digest }]);
    const times = (loadedAt: number, changedAt: number) => facts({ loadedAt, changedAt: { [hba]: changedAt } });
    const force = (seen: readonly (readonly [digest: string, loadedAt: number, changedAt: number])[]): string => {
      let loaded = loadedOf(withHba('none'), times(0, 1), null);
      for (const [digest, loadedAt, changedAt] of seen)
        loaded = loadedOf(withHba(digest), times(loadedAt, changedAt), loaded);
      const [digest, loadedAt, changedAt] = seen.at(-1) ?? ['', 0, 0];
      return forceOf({ key: `file:${hba}`, section: 'files' }, withHba(digest), times(loadedAt, changedAt), loaded);
    };
    for (const [name, seen, want] of [
      ['nobody has seen what was loaded', [['a', 5, 6]], 'at-reload'],
      [
        'its mode alone was changed',
        [
          ['a', 5, 4],
          ['a', 5, 6],
        ],
        'in-force',
      ],
      [
        'and again',
        [
          ['a', 5, 4],
          ['a', 5, 6],
          ['a', 5, 7],
        ],
        'in-force',
      ],
      [
        'it has other content',
        [
          ['a', 5, 4],
          ['b', 5, 6],
        ],
        'at-reload',
      ],
      [
        'it went and came again',
        [
          ['a', 5, 4],
          ['b', 5, 6],
          ['a', 5, 7],
        ],
        'in-force',
      ],
      [
        'another load may have read something else of it',
        [
          ['a', 5, 4],
          ['b', 5, 6],
          ['a', 8, 9],
        ],
        'at-reload',
      ],
    ] as const)
      it(name, () => expect(force(seen)).toBe(want));
  });

  describe('what is in force and no longer on the disk', () => {
    const hba = '/data/pg_hba.conf';
    const of = (role: 'hba' | 'include', read: string, { broken = false, loadedAt = 5 } = {}): readonly string[] => {
      const file = (digest: string): Snapshot => live([], [{ path: hba, role, digest }]);
      const [old, seen, now] = [
        facts({ loadedAt: 3, changedAt: { [hba]: 2 } }),
        facts({ loadedAt: 5, changedAt: { [hba]: 4 } }),
        facts({ loadedAt, changedAt: { [hba]: 9 } }),
      ];
      const first = loadedOf(file('good'), old, null);
      const second = loadedOf(file(read), { ...seen, unloadable: broken ? [hba] : [] }, first);
      return notInForce(file('good'), now, loadedOf(file('good'), now, second)).map(({ key }) => key);
    };
    it('is what was loaded before the file became another one', () =>
      expect(of('hba', 'bad')).toEqual([`file:${hba}`]));
    it('is nothing where it was loaded so', () => expect(of('hba', 'good')).toEqual([]));
    it('is nothing where the load had refused it', () => expect(of('hba', 'bad', { broken: true })).toEqual([]));
    it('is nothing once it is loaded', () => expect(of('hba', 'bad', { loadedAt: 10 })).toEqual([]));
    it('is not guessed after a load that nobody saw', () => expect(of('hba', 'bad', { loadedAt: 8 })).toEqual([]));
    it('is told by the settings themselves, of a file of settings', () => expect(of('include', 'bad')).toEqual([]));
  });

  it('is said for all of them together', () => {
    const force = (...forces: ('in-force' | 'at-reload' | 'at-restart')[]): string =>
      forcesOf(forces.map((one) => ({ force: one })));
    expect(force('in-force', 'in-force')).toBe('in force');
    expect(force('in-force', 'at-restart')).toBe('partly in force, partly not yet');
    expect(force('at-reload', 'at-restart')).toBe('not in force yet');
  });
});

describe('the fingerprint of a drift', () => {
  const of = (
    items = [theHba],
    snapshot = live([setting], [{ path: '/data/pg_hba.conf', digest: 'sha256:01' }]),
  ): string => fingerprintOf(items, snapshot);

  it('is the same whatever else the snapshot holds', () => {
    expect(of([theHba], live([{ ...setting, value: '1' }], [{ path: '/data/pg_hba.conf', digest: 'sha256:01' }]))).toBe(
      of(),
    );
  });

  it('is another one with another content, another force, and one item more', () => {
    const others = [
      of([theHba], live([setting], [{ path: '/data/pg_hba.conf', digest: 'sha256:02' }])),
      of([{ ...theHba, force: 'at-reload' }]),
      of([theHba, anItem()]),
    ];
    expect(new Set([of(), ...others]).size).toBe(4);
  });
});
