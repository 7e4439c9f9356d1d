import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../domain/snapshot/canonical.ts';
import { diffSnapshots } from '../../../domain/snapshot/diff.ts';
import { contentOf, textOf } from '../../../domain/snapshot/files.ts';
import { sha256Hex, snapshotOf } from '../../../domain/snapshot/hash.ts';
import { planOfDiff } from '../../../domain/plan/summary.ts';
import { redact } from '../../../domain/snapshot/redact.ts';
import type { FileEntry, Sections, SettingEntry } from '../../../domain/snapshot.ts';
import { maxDiffBytes, unifiedDiff } from '../../../domain/plan/unified-diff.ts';

const server: Sections['server'] = {
  version: '17.10',
  versionNum: 171000,
  systemIdentifier: '1',
  dataDirectory: '/d',
  inRecovery: false,
};
const rest = { roles: [], memberships: [], databases: [], shared: [], catalogs: [] };

function aFile(path: string, text: string, role: FileEntry['role'] = 'main'): FileEntry {
  return {
    path,
    role,
    sizeBytes: text.length,
    mode: '0600',
    uid: 1,
    gid: 1,
    digest: `sha256:${sha256Hex(text)}`,
    text,
  };
}
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

it('has one canonical form whatever the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const shuffled = JSON.parse(JSON.stringify(value), (_, part: unknown) =>
        part !== null && typeof part === 'object' && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).reverse())
          : part,
      ) as unknown;
      expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { verbose: true },
  );
});

it('gives equal snapshots equal ids, in whatever order they were read', () => {
  const settings = [aSetting('b', '1'), aSetting('a', '2')];
  const files = [aFile('/y', ''), aFile('/x', '')];
  const one = snapshotOf({ server, files, settings, ...rest });
  expect(snapshotOf({ server, files: files.toReversed(), settings: settings.toReversed(), ...rest })).toEqual(one);
  expect(snapshotOf({ server, files, settings: [aSetting('b', '1'), aSetting('a', '3')], ...rest }).id).not.toBe(
    one.id,
  );
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

it('tells what differs, item by item, and sums it up with effect and risk', () => {
  const a = snapshotOf({
    server,
    files: [aFile('/c/postgresql.conf', 'work_mem = 4MB\n'), aFile('/c/old.conf', 'x')],
    settings: [
      aSetting('work_mem', '4096', { unit: 'kB', context: 'user' }),
      aSetting('max_connections', '100', { context: 'postmaster' }),
    ],
    ...rest,
  });
  const b = snapshotOf({
    server,
    files: [aFile('/c/postgresql.conf', 'work_mem = 64MB\n'), aFile('/c/pg_hba.conf', 'y', 'hba')],
    settings: [
      aSetting('work_mem', '65536', { unit: 'kB', context: 'user', sourceFile: '/c/postgresql.conf' }),
      aSetting('max_connections', '100', { context: 'postmaster', pendingRestart: true }),
    ],
    ...rest,
  });
  expect(diffSnapshots(a, a)).toEqual([]);
  expect(diffSnapshots(a, b).map(({ summary }) => summary)).toEqual([
    '/c/old.conf: removed',
    '/c/pg_hba.conf: added',
    '/c/postgresql.conf: content',
    'max_connections: waits for a restart',
    'work_mem: 4MB → 64MB',
  ]);
  const plan = planOfDiff(a, b);
  expect(plan).toMatchObject({ effect: 'reconnect', risk: 'high', moreItems: 0 });
  expect(plan.diff).toContain('-work_mem = 4MB\n+work_mem = 64MB');
});

it('cuts a long diff off and says so', () => {
  const long = Array.from({ length: 3000 }, (_, i) => `line ${i} ü`).join('\n');
  const diff = unifiedDiff([{ path: '/c', before: null, after: long }]);
  expect(Buffer.byteLength(diff)).toBeLessThanOrEqual(maxDiffBytes);
  expect(diff).toMatch(/… \d+ more lines\n$/);
});

it('keeps text apart from bytes that are none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textOf(contentOf(text))).toBe(text);
    }),
    { verbose: true },
  );
  expect(textOf('\xff%41')).toBeNull();
});

const fingerprint = (): string => 'hmac:f';

it.each([
  ['main', "primary_conninfo = 'host=a password=b'", "primary_conninfo = '<secret hmac:f>'"],
  ['main', "my.api_key = 'abc'", "my.api_key = '<secret hmac:f>'"],
  ['main', "restore_command = 'get --url postgres://u:p@h/x'", "restore_command = '<secret hmac:f>'"],
  ['main', '#primary_conninfo = password=old', '# <secret hmac:f>'],
  ['main', 'password_encryption = md5', null],
  [
    'hba',
    'host all all 1.2.3.4/32 ldap ldapserver=x ldapbindpasswd="a b"',
    'host all all 1.2.3.4/32 ldap ldapserver=x ldapbindpasswd=<secret hmac:f>',
  ],
  ['hba', 'host all all 1.2.3.4/32 md5', null],
  ['debian', "PGPASSWORD = 'x'", "PGPASSWORD = '<secret hmac:f>'"],
  ['main', '-----BEGIN RSA PRIVATE KEY-----\nabc', '<secret hmac:f>'],
] as const)('shows in a file of kind %s %j without its secret', (role, text, shown) => {
  expect(redact(role, text, 170000, fingerprint)).toEqual({ text: shown ?? text, secret: shown !== null });
});
