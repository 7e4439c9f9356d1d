import { describe, expect, it } from '@jest/globals';
import type { SettingEntry } from '../../../domain/snapshot.ts';
import { withMaintain } from '../../../domain/upgrade/catalogs.ts';
import { changesBetween } from '../../../domain/upgrade/changes.ts';
import type { NewServer } from '../../../domain/upgrade/conf.ts';
import { changedDefaults, translateSettings } from '../../../domain/upgrade/settings.ts';

function aSetting(name: string, value: string, rest: Partial<SettingEntry> = {}): SettingEntry {
  return {
    name,
    value,
    unit: null,
    context: 'sighup',
    source: 'default',
    sourceFile: null,
    sourceLine: null,
    pendingRestart: false,
    ...rest,
  };
}
const inFile = { source: 'configuration file', sourceFile: '/old/postgresql.conf' };
const newServer = (from: number, to: number): NewServer => ({
  major: to,
  changes: changesBetween(from, to),
  mapPath: (path) => path.replace('/old/', '/new/'),
  own: new Map([['cluster_name', '17/main']]),
  known: null,
  rules: new Map(),
});

describe('what a setting is expected to be on the new server', () => {
  it.each<[string, number, number, SettingEntry | null, SettingEntry, readonly string[], string | null]>([
    // name, from, to, S, C, left out, value (null: nothing is expected)
    [
      'set before: its old value',
      16,
      17,
      aSetting('work_mem', '8192', inFile),
      aSetting('work_mem', '4096'),
      [],
      '8192',
    ],
    ['unset on both: as the new version has it', 17, 18, aSetting('io', '1'), aSetting('io', '16'), [], '16'],
    [
      'unset before, set by the new packaging: the default',
      16,
      17,
      aSetting('work_mem', '4096'),
      aSetting('work_mem', '1', inFile),
      [],
      '4096',
    ],
    [
      'unset before, set by the new packaging: the changed default',
      17,
      18,
      aSetting('effective_io_concurrency', '1'),
      aSetting('effective_io_concurrency', '200', inFile),
      [],
      '16',
    ],
    ['left out of the files: the new default', 16, 17, aSetting('x', '5', inFile), aSetting('x', '1'), ['x'], '1'],
    [
      'shown in another way: not compared',
      14,
      15,
      aSetting('wal_compression', 'on', inFile),
      aSetting('wal_compression', 'off'),
      [],
      null,
    ],
    ['new, and unset: as it is', 16, 17, null, aSetting('io_combine_limit', '16'), [], '16'],
    [
      'new, and set by the new packaging: its default',
      16,
      17,
      null,
      aSetting('summarize_wal', 'on', inFile),
      [],
      'off',
    ],
    [
      'the cluster has its new name',
      16,
      17,
      aSetting('cluster_name', '16/main', inFile),
      aSetting('cluster_name', '17/main', inFile),
      [],
      '17/main',
    ],
    [
      'a fact about the server is its own',
      16,
      17,
      aSetting('block_size', '1', { context: 'internal' }),
      aSetting('block_size', '2', { context: 'internal' }),
      [],
      '2',
    ],
    [
      'a path follows its file',
      16,
      17,
      aSetting('ssl_cert_file', '/old/a.crt', inFile),
      aSetting('ssl_cert_file', 'server.crt'),
      [],
      '/new/a.crt',
    ],
  ])('%s', (_, from, to, was, now, leftOut, value) => {
    const [expected] = translateSettings(was === null ? [] : [was], [now], newServer(from, to), new Set(leftOut));
    expect(expected?.value ?? null).toBe(value);
  });

  it('names the settings whose default is another one now, and only where nobody set them', () => {
    const settings = [aSetting('log_checkpoints', 'off'), aSetting('hash_mem_multiplier', '3', inFile)];
    expect(changedDefaults(settings, newServer(14, 16))).toEqual([
      { name: 'log_checkpoints', from: 'off', to: 'on', major: 15 },
    ]);
  });
});

describe('a grant of everything on a table', () => {
  it.each([
    ['has MAINTAIN from 17 on', 16, 17, 'app=arwdDxt/owner', 'app=arwdDxtm/owner'],
    ['keeps its grant options', 16, 18, 'app=a*r*w*d*D*x*t*/owner', 'app=a*r*w*d*D*x*t*m*/owner'],
    ['is left below 17', 14, 16, 'app=arwdDxt/owner', 'app=arwdDxt/owner'],
    ['is left when it was 17 already', 17, 18, 'app=arwdDxt/owner', 'app=arwdDxt/owner'],
    ['that was not everything gains nothing', 16, 17, 'app=rwdDxt/owner', 'app=rwdDxt/owner'],
  ])('%s', (_, from, to, before, after) => expect(withMaintain(before, { from, to })).toBe(after));
});
