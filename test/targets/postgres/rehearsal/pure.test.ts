/** The pure parts of a rehearsal: the private tree, the server's log, the memory. */
import { describe, expect, it } from '@jest/globals';
import { contentIn, settingIn } from '../../../../targets/postgres/rehearsal/private-tree.ts';
import { judgeMemory } from '../../../../targets/postgres/rehearsal/room.ts';
import { whyNotStarted } from '../../../../targets/postgres/rehearsal/server-log.ts';

const tree = {
  root: '/p',
  role: 'own',
  holds: (path: string) => path.startsWith('/etc/pg/'),
  leavesOut: (name: string) => name === 'port',
};

describe('the private tree', () => {
  it.each([
    ['work_mem = 4MB # as it is', 'work_mem = 4MB # as it is'],
    ["include 'more.conf'", "include 'more.conf'"],
    ["include_if_exists = '/etc/pg/more.conf'", "include_if_exists '/p/etc/pg/more.conf'"],
    ["hba_file = '/etc/pg/hba'", "hba_file = '/p/etc/pg/hba'"],
    ["ssl_key_file = '/elsewhere/key'", "ssl_key_file = '/elsewhere/key'"],
    ['port = 5433', '# port = 5433'],
    ['a broken /etc/pg/line', 'a broken /etc/pg/line'],
  ])('reads %s as %s', (line, want) => expect(contentIn(tree, 'conf', line)).toBe(want));

  it('leads access files to its own, and lets the agent in first', () => {
    const rules = 'include /etc/pg/more\nlocal @/etc/pg/dbs "@/etc/pg/name",@/etc/pg/x all trust\n';
    expect(contentIn(tree, 'hba-main', rules)).toBe(
      'local all own trust\ninclude /p/etc/pg/more\nlocal @/p/etc/pg/dbs "@/etc/pg/name",@/p/etc/pg/x all trust\n',
    );
  });

  it('knows the prefix of a keytab', () => {
    expect(settingIn(tree, 'krb_server_keyfile', 'FILE:/etc/pg/tab')).toBe('FILE:/p/etc/pg/tab');
  });
});

describe('a log', () => {
  it.each([
    [
      'FATAL:  could not access file "x": No such file or directory',
      'could not access file "x": No such file or directory',
    ],
    [
      'LOG:  syntax error in file "/a b" line 3, near token "x"\nLOG:  unrecognized configuration parameter "y" in file "/a b" line 4\nFATAL:  configuration file "/a b" contains errors',
      '/a b line 3: syntax error, near token "x"; /a b line 4: unrecognized configuration parameter "y"',
    ],
    [
      'LOG:  invalid connection type "x"\nCONTEXT:  line 7 of configuration file "/hba"\nFATAL:  could not load /hba',
      '/hba line 7: invalid connection type "x"',
    ],
    ['', 'the server ended without saying why'],
  ])('%j says why', (log, want) =>
    expect(
      whyNotStarted(log)
        .map(({ message }) => message)
        .join('; '),
    ).toBe(want),
  );
});

describe('memory', () => {
  const memory = {
    totalBytes: 100,
    swapBytes: 20,
    availableBytes: 40,
    hugePages: { total: 10, free: 2, sizeBytes: 2 },
  };
  it.each([
    [10, 'off', true],
    [11, 'off', null],
    [121, 'off', false],
    [21, 'on', false],
    [6, 'on', null],
    [4, 'on', true],
  ] as const)('of %d with huge_pages %s is %s', (bytes, hugePages, ok) =>
    expect(judgeMemory({ bytes, hugePages }, memory).ok).toBe(ok),
  );
});
