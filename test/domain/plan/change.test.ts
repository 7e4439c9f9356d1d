/** The preflight of a declared change: what is refused, what it takes, how risky it is, and what its hash stands for. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../domain/snapshot/canonical.ts';
import { type AChange, aSetting, plan, planned, refusals, texts, type World } from './builders.ts';

const restart = 'allowed';
const rule = 'host shop image_svc 10.3.0.0/16 scram-sha-256';

describe('refuses', () => {
  for (const [what, change, codes, world] of [
    ['nothing at all', {}, ['empty-change']],
    ['empty parts', { settings: {}, hba: [], files: {} }, ['empty-change']],
    ['a restart that nobody allowed', { settings: { max_connections: 200 } }, ['restart-forbidden']],
    [
      'a restart that is forbidden',
      { settings: { max_connections: 200 }, restart: 'forbidden' },
      ['restart-forbidden'],
    ],
    ['a restart by a file', { files: { 'conf.d/x.conf': 'max_connections = 200\n' } }, ['restart-forbidden']],
    [
      'a restart that the agent cannot do',
      { settings: { max_connections: 200 }, restart },
      ['no-restart-command'],
      { context: { canRestart: false } },
    ],
    ['a file that nobody would read', { files: { 'notes.txt': 'x\n' } }, ['path-not-configuration']],
    ['a file in conf.d without .conf', { files: { 'conf.d/x.off': '' } }, ['path-not-configuration']],
    [
      'the same file under two names',
      { files: { 'conf.d/a.conf': '', './conf.d/a.conf': 'geqo = off\n' } },
      ['file-twice'],
    ],
    ['a bad value once, not again for its line', { settings: { geqo: 'maybe' } }, ['bad-value']],
    ['a syntax error', { files: { 'conf.d/x.conf': 'work_mem 4MB MB\n' } }, ['would-not-start']],
    ['an include of nothing', { files: { 'conf.d/x.conf': "include 'none.conf'\n" } }, ['would-not-start']],
    [
      'a file that an include needs, removed',
      { files: { 'extra.conf': null } },
      ['would-not-start'],
      { files: { 'extra.conf': '', 'conf.d/x.conf': "include '../extra.conf'\n" } },
    ],
  ] as readonly (readonly [string, AChange, readonly string[], World?])[])
    it(what, () => expect(refusals(change, world)).toEqual(codes));

  it('for every reason at once, from every part of the change', () => {
    expect(
      refusals({
        settings: { wrok_mem: 1, archive_command: 'x', geqo: 'maybe', max_connections: 200 },
        hba: [{ remove: 'local x y z' }],
        files: { '/etc/x': '', 'notes.txt': 'x\n', 'conf.d/x.conf': 'no_such_thing = 1\n' },
      }),
    ).toEqual([
      'unknown-setting',
      'setting-not-allowed',
      'bad-value',
      'path-outside',
      'hba-no-such-rule',
      'unknown-setting',
      'path-not-configuration',
      'restart-forbidden',
    ]);
  });

  it('a restart by name of what needs it, and of nothing else', () => {
    const answer = plan({ settings: { max_connections: 200, work_mem: '5MB', shared_buffers: '1GB' } });
    expect(answer).toMatchObject({
      problems: [{ detail: 'Only a restart changes: max_connections, shared_buffers.' }],
    });
  });
});

describe('leaves alone what was so before', () => {
  for (const [what, change, world] of [
    [
      'an error that stands in another file',
      { settings: { geqo: false } },
      { files: { 'conf.d/old.conf': 'a b c\n' } },
    ],
    [
      'a command that a rewritten file leaves as it is',
      { files: { 'postgresql.conf': `${texts['postgresql.conf']}geqo = off\n` } },
    ],
    ['a setting that needs a restart and gets the value that it has', { settings: { max_connections: 100 } }],
  ] as readonly (readonly [string, AChange, World?])[])
    it(what, () => expect(refusals(change, world)).toEqual([]));

  it('but not an error in a file that the change writes', () => {
    const files = { 'conf.d/old.conf': 'a b c\n' };
    expect(refusals({ files: { 'conf.d/old.conf': 'a b c\n# more\n' } }, { files })).toEqual(['would-not-start']);
  });
});

describe('effect and risk', () => {
  for (const [what, change, effect, risk] of [
    ['a value that a reload brings', { settings: { work_mem: '5MB' } }, 'reload', 'low'],
    ['a value for new sessions only', { settings: { log_disconnections: true } }, 'reconnect', 'low'],
    ['a value that a restart brings', { settings: { shared_buffers: '1GB' }, restart }, 'restart', 'high'],
    ['a value that decides who gets in', { settings: { ssl: true } }, 'reload', 'high'],
    ['the value that it has', { settings: { work_mem: '4096kB' } }, 'none', 'low'],
    ['the access value that it has', { settings: { ssl: false } }, 'none', 'low'],
    ['back to unset where nothing was set', { settings: { statement_timeout: null } }, 'none', 'low'],
    ['a rule', { hba: [{ add: rule }] }, 'reconnect', 'high'],
    ['pg_ident.conf', { files: { 'pg_ident.conf': 'm a b\n' } }, 'reconnect', 'high'],
    ['a file of settings', { files: { 'conf.d/x.conf': 'work_mem = 5MB\n' } }, 'reload', 'low'],
    ['a file with a setting that decides access', { files: { 'conf.d/x.conf': 'ssl = on\n' } }, 'reload', 'high'],
    ['a file that says what is so already', { files: { 'conf.d/x.conf': '# nothing\n' } }, 'reload', 'low'],
    ['the greatest of several', { settings: { work_mem: '5MB', shared_buffers: '1GB' }, restart }, 'restart', 'high'],
  ] as readonly (readonly [string, AChange, string, string])[])
    it(`of ${what}: ${effect}, ${risk}`, () => expect(planned(change).summary).toMatchObject({ effect, risk }));

  it('of a command that the agent allows is high', () => {
    const { summary } = planned(
      { settings: { archive_command: 'cp %p /x' } },
      { context: { allowedSettings: ['Archive_Command'] } },
    );
    expect(summary).toMatchObject({ effect: 'reload', risk: 'high' });
  });
});

describe('warns', () => {
  const warnings = (change: AChange, world?: World): string => planned(change, world).summary.warnings.join('\n');
  const standbys = { context: { standbys: ['berlin', 'paris'] } };

  it('when nothing will be written', () => expect(warnings({ settings: { geqo: true } })).toMatch(/nothing will be/));
  it('when the server will listen elsewhere', () =>
    expect(warnings({ settings: { listen_addresses: '*' }, restart })).toMatch(/listen elsewhere/));
  it('not when it listens where it did', () =>
    expect(warnings({ settings: { listen_addresses: 'localhost' } })).not.toMatch(/elsewhere/));
  it('of standbys that must have as much', () =>
    expect(warnings({ settings: { max_connections: 200 }, restart }, standbys)).toMatch(
      /^max_connections: standbys \(berlin, paris\)/,
    ));
  it('of no standby where there is none', () =>
    expect(warnings({ settings: { max_connections: 200 }, restart })).toBe(''));
  it('of no standby for a setting that they need not have', () =>
    expect(warnings({ settings: { shared_buffers: '1GB' }, restart }, standbys)).toBe(''));
  it('that a file says in vain what the command line decides', () =>
    expect(warnings({ files: { 'conf.d/x.conf': 'port = 6000\n' } })).toMatch(/^port stands on the server's command/));
});

describe('the hash', () => {
  const hash = (change: AChange, world?: World): string => planned(change, world).summary.hash;

  it('is the same for the same settings in any order', () => {
    expect(hash({ settings: { work_mem: '5MB', geqo: false } })).toBe(
      hash({ settings: { geqo: false, work_mem: '5MB' } }),
    );
  });

  it('is the same for the same files in any order', () => {
    const [a, b] = [{ 'conf.d/a.conf': 'geqo = off\n' }, { 'conf.d/b.conf': 'work_mem = 5MB\n' }];
    expect(hash({ files: { ...a, ...b } })).toBe(hash({ files: { ...b, ...a } }));
  });

  it('is another one when rules come in another order: the first that matches wins', () => {
    const [a, b] = [{ add: rule }, { add: 'host all all 0.0.0.0/0 reject' }];
    expect(hash({ hba: [a, b] })).not.toBe(hash({ hba: [b, a] }));
  });

  it('is another one when the file to be replaced is another one', () => {
    const change = { files: { 'conf.d/memory.conf': 'work_mem = 5MB\n' } };
    expect(hash(change)).not.toBe(hash(change, { files: { 'conf.d/memory.conf': '# edited meanwhile\n' } }));
  });

  const word = fc.stringMatching(/^[a-z ]{0,12}$/);

  it('changes when any body changes', () => {
    fc.assert(
      fc.property(
        word,
        word,
        fc.constantFrom('conf.d/memory.conf', 'conf.d/new.conf', 'pg_ident.conf'),
        (a, b, path) => {
          const of = (text: string): string => hash({ files: { [path]: `# ${text}\n`, 'conf.d/other.conf': '' } });
          expect(of(a) === of(b)).toBe(a === b);
        },
      ),
      { verbose: true },
    );
  });

  it('changes when any value changes, and not with the order of the keys', () => {
    const names = ['work_mem', 'maintenance_work_mem', 'statement_timeout'] as const;
    const values = fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 64, max: 70 }), {
      minKeys: 1,
      maxKeys: 3,
    });
    const sorted = (all: object): string => canonicalJson(all);
    fc.assert(
      fc.property(values, values, (a, b) => {
        const turned = Object.fromEntries(Object.entries(a).reverse());
        expect(hash({ settings: turned })).toBe(hash({ settings: a }));
        expect(hash({ settings: a }) === hash({ settings: b })).toBe(sorted(a) === sorted(b));
      }),
      { verbose: true },
    );
  });
});

describe('what people read', () => {
  it('is a diff of every file that changes, postgresql.auto.conf among them', () => {
    const { diff } = planned({ settings: { work_mem: '5MB' }, hba: [{ add: rule }] }).summary;
    expect(diff).toContain("+work_mem = '5MB'");
    expect(diff).toContain(`+${rule}`);
  });

  it('never holds a secret that was there before', () => {
    const files = { 'conf.d/ext.conf': "my_ext.api_key = 'hunter2'\n" };
    const { summary } = planned({ files: { 'conf.d/ext.conf': 'geqo = off\n' } }, { files });
    expect(JSON.stringify(summary)).not.toContain('hunter2');
    expect(summary.diff).toContain('-my_ext.api_key = ');
  });

  it('says of a file that is no text how large it is', () => {
    const files = { 'conf.d/latin1.conf': '# \xe4\n' };
    expect(planned({ files: { 'conf.d/latin1.conf': '' } }, { files }).summary.diff).toContain(
      '(4 bytes that are no text',
    );
  });

  it('names at most fifty items, and how many more there are', () => {
    const many = Array.from({ length: 60 }, (_, i) => aSetting(`x_${i}`));
    const { summary } = planned(
      { settings: Object.fromEntries(many.map(({ name }) => [name, 'y'])) },
      { settings: many },
    );
    expect([summary.items.length, summary.moreItems]).toEqual([50, 10]);
  });

  it('shows nothing of a setting that would be written as it is', () => {
    const { alters, summary } = planned({ settings: { geqo: true, work_mem: '5MB' } });
    expect(alters.map(({ name }) => name)).toEqual(['work_mem']);
    expect(summary.items.map(({ key, action }) => [key, action])).toEqual([
      ['setting:geqo', 'none'],
      ['setting:work_mem', 'set'],
    ]);
  });
});
