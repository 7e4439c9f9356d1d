/** What a plan says of each file and each setting: from what, to what, and what it takes. */
import { describe, expect, it } from '@jest/globals';
import type { PlanItem } from '../../../domain/plan.ts';
import { type AChange, aSetting, home, planned, type World } from './builders.ts';

function item(key: string, change: AChange, world?: World): PlanItem | undefined {
  return planned(change, world).summary.items.find((one) => one.key === key);
}

const conf = `${home}/conf.d/memory.conf`;
const restart = 'allowed';
const inAuto = (line: string): World => ({ files: { 'postgresql.auto.conf': `${line}\n` } });

describe('a setting', () => {
  for (const [what, name, change, action, effect, summary, world] of [
    ['set', 'work_mem', { settings: { work_mem: '64MB' } }, 'set', 'reload', 'work_mem: 4MB → 64MB'],
    [
      'set in other words to what it is',
      'work_mem',
      { settings: { work_mem: '4096kB' } },
      'set',
      'none',
      'work_mem: 4MB → 4MB',
    ],
    ['set to what its line says', 'geqo', { settings: { geqo: 'on' } }, 'none', 'none', 'geqo: on → on'],
    [
      'set in vain: a restart is not needed for the value that it has',
      'max_connections',
      { settings: { max_connections: 100 } },
      'set',
      'none',
      'max_connections: 100 → 100',
    ],
    [
      'reset to what the files say',
      'work_mem',
      { settings: { work_mem: null } },
      'reset',
      'reload',
      'work_mem: 64MB → 4MB',
      inAuto("work_mem = '64MB'"),
    ],
    [
      'reset to nothing: the value built in',
      'statement_timeout',
      { settings: { statement_timeout: null } },
      'reset',
      'reload',
      'statement_timeout: 5s → 0',
      {
        ...inAuto("statement_timeout = '5s'"),
        settings: [
          aSetting('statement_timeout', {
            vartype: 'integer',
            unit: 'ms',
            value: '5000',
            bootVal: '0',
            source: 'configuration file',
          }),
        ],
      },
    ],
    [
      'reset that was not set',
      'statement_timeout',
      { settings: { statement_timeout: null } },
      'none',
      'none',
      'statement_timeout: 0 → 0',
    ],
    [
      'set by a file',
      'work_mem',
      { files: { 'conf.d/memory.conf': 'work_mem = 8MB\n' } },
      'set',
      'reload',
      'work_mem: 4MB → 8MB',
    ],
    [
      'unset by a file',
      'maintenance_work_mem',
      { files: { 'conf.d/memory.conf': '' } },
      'reset',
      'none',
      'maintenance_work_mem: 64MB → 64MB',
    ],
    [
      'unset by the removal of a file',
      'maintenance_work_mem',
      { files: { 'conf.d/memory.conf': null } },
      'reset',
      'none',
      'maintenance_work_mem: 64MB → 64MB',
    ],
    [
      'set to an empty text',
      'listen_addresses',
      { settings: { listen_addresses: '' }, restart },
      'set',
      'restart',
      "listen_addresses: localhost → ''",
    ],
    [
      'that an extension brings and nobody knows',
      'ext.level',
      { files: { 'conf.d/x.conf': 'ext.level = 3\n' } },
      'set',
      'reload',
      "ext.level: '' → 3",
    ],
    [
      'that the command line decides',
      'port',
      { files: { 'conf.d/x.conf': 'port = 6000\n' } },
      'set',
      'none',
      'port: 5432 → 6000',
    ],
    [
      'under the name that the server has for it',
      'DateStyle',
      { settings: { datestyle: 'ISO' } },
      'set',
      'reload',
      'DateStyle: ISO, MDY → ISO',
    ],
  ] as readonly (readonly [string, string, AChange, string, string, string, World?])[])
    it(what, () =>
      expect(item(`setting:${name}`, change, world)).toEqual({
        key: `setting:${name}`,
        section: 'settings',
        action,
        effect,
        summary,
      }),
    );

  it('that a file brings and another one overrides is no item', () => {
    expect(item('setting:geqo', { files: { 'conf.d/x.conf': 'geqo = off\n' } })).toBeUndefined();
  });

  it('that holds a secret shows a fingerprint of it, never itself', () => {
    const files = { 'conf.d/memory.conf': "my_ext.api_key = 'hunter2'\n" };
    const found = item(
      'setting:my_ext.api_key',
      { files: { 'conf.d/memory.conf': '' } },
      {
        files,
        settings: [aSetting('my_ext.api_key', { value: 'hunter2', bootVal: '', source: 'configuration file' })],
      },
    );
    expect(found?.summary).toMatch(/^my_ext\.api_key: <secret [0-9a-f]{8}> → ''$/);
  });
});

describe('a file', () => {
  for (const [what, path, change, action, effect, said] of [
    ['replaced', conf, { files: { 'conf.d/memory.conf': '# x\n' } }, 'write', 'reload', 'replace'],
    ['created', `${home}/conf.d/x.conf`, { files: { 'conf.d/x.conf': '' } }, 'create', 'reload', 'create'],
    ['removed', conf, { files: { 'conf.d/memory.conf': null } }, 'remove', 'reload', 'remove'],
    [
      'of rules',
      `${home}/pg_hba.conf`,
      { files: { 'pg_hba.conf': 'local all all trust\n' } },
      'write',
      'reconnect',
      'replace',
    ],
    [
      'of rules that another one includes',
      `${home}/rules.conf`,
      { files: { 'rules.conf': 'local all all peer\n', 'pg_hba.conf': 'include rules.conf\n' } },
      'create',
      'reconnect',
      'create',
    ],
    [
      'of names that rules refer to',
      `${home}/people`,
      { files: { people: 'anna\n', 'pg_hba.conf': 'local all @people peer\n' } },
      'create',
      'reconnect',
      'create',
    ],
  ] as readonly (readonly [string, string, AChange, string, string, string])[])
    it(what, () =>
      expect(item(`file:${path}`, change)).toEqual({
        key: `file:${path}`,
        section: 'files',
        action,
        effect,
        summary: `${path}: ${said}`,
      }),
    );

  it('that would be as it is, is no item', () => {
    expect(item(`file:${conf}`, { files: { 'conf.d/memory.conf': 'maintenance_work_mem = 64MB\n' } })).toBeUndefined();
  });
});
