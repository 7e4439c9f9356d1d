/** Which files a change may write, remove and edit; and what PostgreSQL would read then. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ResolvedPath } from '../../../domain/plan/context.ts';
import { viewOf } from '../../../domain/plan/context.ts';
import { planFiles } from '../../../domain/plan/files.ts';
import { type AChange, aContext, home, planned, refusals, texts, type World } from './builders.ts';

/** A path that resolves as said here, and otherwise as it would. */
function where(bent: Partial<ResolvedPath>, world: World = {}): World {
  const { resolve } = aContext(world);
  return { ...world, context: { resolve: (given) => ({ ...resolve(given), ...bent }) } };
}

const elsewhere = { path: '/etc/x.conf', inside: false };
const debian = { files: { environment: 'A=1\n' } };
const rule = 'host shop image_svc 10.3.0.0/16 scram-sha-256';

describe('refuses', () => {
  for (const [what, change, codes, world] of [
    ['a path that leaves the folder', { files: { '../x.conf': '' } }, ['path-outside']],
    ['a link that leads out of the folder', { files: { 'conf.d/x.conf': '' } }, ['path-outside'], where(elsewhere)],
    ['to remove a file elsewhere', { files: { '/etc/passwd': null } }, ['path-outside']],
    ['a folder that is not there', { files: { 'none.d/x.conf': '' } }, ['no-such-folder']],
    ['a file that is no configuration', { files: { notes: '' } }, ['path-not-configuration'], { strangers: ['notes'] }],
    ['what makes a standby of the server', { files: { 'standby.signal': '' } }, ['path-not-configuration']],
    ['to remove a file of the data', { files: { PG_VERSION: null } }, ['path-not-configuration']],
    [
      'a file among the data, whatever includes it',
      { files: { 'base/x.conf': '' } },
      ['path-not-configuration'],
      where({ parentExists: true }),
    ],
    ['a map that would not load', { files: { 'pg_ident.conf': 'm a\n' } }, ['ident-bad-line']],
    ['how the server is started', { files: { environment: 'A=2\n' } }, ['path-not-allowed'], debian],
    ['to remove how the server is started', { files: { environment: null } }, ['path-not-allowed'], debian],
    ['to remove what is not there', { files: { 'conf.d/x.conf': null } }, ['no-such-file']],
    ['to remove what PostgreSQL does not read', { files: { notes: null } }, ['no-such-file'], { strangers: ['notes'] }],
    ['to remove postgresql.conf', { files: { 'postgresql.conf': null } }, ['would-not-start']],
    ['to remove postgresql.auto.conf', { files: { 'postgresql.auto.conf': null } }, ['would-not-start']],
    ['to remove pg_hba.conf', { files: { 'pg_hba.conf': null } }, ['would-not-start']],
    ['to remove pg_ident.conf', { files: { 'pg_ident.conf': null } }, ['would-not-start']],
    ['a zero byte', { files: { 'conf.d/x.conf': '\0' } }, ['bad-content']],
    [
      'settings beside their own file',
      { settings: { geqo: false }, files: { 'postgresql.auto.conf': '' } },
      ['both-ways'],
    ],
    ['rules without a rule', { files: { 'pg_hba.conf': '# nothing\n' } }, ['hba-empty']],
    ['a rule that is not there', { hba: [{ remove: 'local x y z' }] }, ['hba-no-such-rule']],
    ['a rule that does not load', { hba: [{ add: 'hots all x 1.2.3.4/32 md5' }] }, ['hba-bad-rule']],
    ['a secret in a rule', { hba: [{ add: `${rule} ldapbindpasswd=x` }] }, ['secret-literal']],
    ['a secret in a rule to be removed', { hba: [{ remove: `${rule} ldapbindpasswd=x` }] }, ['secret-literal']],
    ['a secret in an anchor', { hba: [{ add: rule, after: `${rule} radiussecrets=x` }] }, ['secret-literal']],
    ['a secret in a file of rules', { files: { 'pg_hba.conf': `${rule} ldapbindpasswd=x\n` } }, ['secret-literal']],
    ['a secret in a file of settings', { files: { 'conf.d/x.conf': "my_ext.api_key = 'x'\n" } }, ['secret-literal']],
    ['a command in a file', { files: { 'conf.d/x.conf': "archive_command = 'id'\n" } }, ['setting-not-allowed']],
    ['a command whose line is gone', { files: { 'postgresql.conf': '' } }, ['setting-not-allowed']],
    ['an unknown setting in a file', { files: { 'conf.d/x.conf': 'wrok_mem = 4MB\n' } }, ['unknown-setting']],
    ['a bad value in a file', { files: { 'conf.d/x.conf': 'work_mem = 4mb\n' } }, ['bad-value']],
    ['a bad value although another file overrides it', { files: { 'conf.d/x.conf': 'geqo = maybe\n' } }, ['bad-value']],
    [
      'an include that leads out',
      { files: { 'conf.d/x.conf': "include_if_exists '/etc/x.conf'\n" } },
      ['path-outside'],
      { context: { disk: { read: (path) => (path === '/etc/x.conf' ? '' : null), list: () => ['x.conf'] } } },
    ],
    [
      'a folder of files that is elsewhere',
      { files: { 'conf.d/x.conf': "include_dir '/etc'\n" } },
      ['would-not-start', 'path-outside'],
    ],
  ] as readonly (readonly [string, AChange, readonly string[], World?])[])
    it(what, () => expect(refusals(change, world)).toEqual(codes));
});

describe('allows', () => {
  for (const [what, change, world] of [
    ['a new file where include_dir looks', { files: { 'conf.d/x.conf': 'work_mem = 5MB\n' } }],
    ['a new file that a written one includes', { files: { 'x.conf': '', 'conf.d/y.conf': "include '../x.conf'\n" } }],
    ['to remove an included file', { files: { 'conf.d/memory.conf': null } }],
    ['a file of the configuration by its whole path', { files: { [`${home}/pg_ident.conf`]: '' } }],
    ['what the agent allows by name, read or not', { files: { 'x.txt': '' } }, where({ allowed: true })],
    [
      'how the server is started, where the agent allows it',
      { files: { environment: '' } },
      where({ allowed: true }, debian),
    ],
    [
      'a secret that stood in the rules before',
      { files: { 'pg_hba.conf': `${rule} ldapbindpasswd=x\nlocal all all peer\n` } },
      { files: { 'pg_hba.conf': `${rule} ldapbindpasswd=x\n` } },
    ],
    ['an unknown setting of an extension', { files: { 'conf.d/x.conf': 'ext.level = 3\n' } }],
  ] as readonly (readonly [string, AChange, World?])[])
    it(what, () => expect(refusals(change, world)).toEqual([]));
});

describe('edits of pg_hba.conf', () => {
  const edited = (change: AChange): string | null | undefined =>
    planFiles(aContext(), { kind: 'config', ...change }).overlay.get(`${home}/pg_hba.conf`);

  it('stand where they are told to', () => {
    expect(edited({ hba: [{ add: rule, before: 'local  all all   peer' }] })).toBe(`${rule}\n${texts['pg_hba.conf']}`);
  });

  it('are made to the new file where the change brings one', () => {
    expect(edited({ files: { 'pg_hba.conf': 'local all all trust\n' }, hba: [{ add: rule }] })).toBe(
      `local all all trust\n${rule}\n`,
    );
  });

  it('leave no half of themselves when one of them is refused', () => {
    expect(edited({ hba: [{ add: rule }, { remove: 'local x y z' }] })).toBeUndefined();
  });

  it('are what the item of the file says', () => {
    const hba = [{ add: rule }, { remove: 'local all all peer' }];
    expect(planned({ hba }).summary.items).toMatchObject([
      { action: 'write', summary: `${home}/pg_hba.conf: add ${rule}; remove local all all peer` },
    ]);
  });
});

describe('a folder as it would be', () => {
  const listed = (
    overlay: readonly (readonly [string, string | null])[],
    folder = `${home}/conf.d`,
  ): readonly string[] | null => viewOf(aContext(), new Map(overlay)).list(folder);

  it('has the file that is added', () =>
    expect(listed([[`${home}/conf.d/x.conf`, '']])).toEqual(['memory.conf', 'x.conf']));
  it('has the file that is removed no more', () => expect(listed([[`${home}/conf.d/memory.conf`, null]])).toEqual([]));
  it('has no file of another folder', () =>
    expect(listed([[`${home}/conf.d/deep/x.conf`, '']])).toEqual(['memory.conf']));
  it('is not there when it was not: a change makes no folder', () =>
    expect(listed([[`${home}/none.d/x.conf`, '']], `${home}/none.d`)).toBeNull());
  it('reads what is planned, then what was captured, then the disk', () => {
    const context = aContext({ context: { disk: { read: () => 'disk', list: () => [] } } });
    const view = viewOf(
      context,
      new Map([
        [`${home}/a`, 'planned'],
        [`${home}/pg_hba.conf`, null],
      ]),
    );
    expect([`${home}/a`, `${home}/pg_hba.conf`, `${home}/pg_ident.conf`, `${home}/b`].map(view.read)).toEqual([
      'planned',
      null,
      texts['pg_ident.conf'],
      'disk',
    ]);
  });
});

it('any text that is planned is written byte for byte as UTF-8', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      (text) => {
        const { overlay } = planFiles(aContext(), { kind: 'config', files: { 'conf.d/x.conf': text } });
        expect(Buffer.from(overlay.get(`${home}/conf.d/x.conf`) ?? '', 'latin1').toString()).toBe(text);
      },
    ),
    { verbose: true },
  );
});
