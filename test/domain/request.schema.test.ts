/** A change request from anybody: what is wrong with it, by the field's name, and that no secret travels in it. */
import { describe, expect, it } from '@jest/globals';
import { inlineLimitBytes, parseChangeRequest } from '../../domain/request.schema.ts';

const base = { target: 'shop-db', changeId: 'more-memory', change: { kind: 'config', settings: { work_mem: '64MB' } } };
const config = (bent: object): object => ({ ...base, change: { kind: 'config', ...bent } });
const external = (description: unknown): object => ({ ...base, change: { kind: 'external', description } });
const overrides = (bent: object): object => ({ ...base, overrides: bent });

function problems(input: unknown): readonly string[] {
  const parsed = parseChangeRequest(input);
  return parsed.kind === 'ok' ? [] : parsed.problems.map(({ code, message }) => `${code} ${message}`);
}

describe('a request is understood', () => {
  for (const [what, input] of [
    ['with settings of every kind', config({ settings: { a: '1', b: 2, c: true, d: null, e: ['x', 1], 'ext.f': '' } })],
    [
      'with rules',
      config({ hba: [{ add: 'a', after: 'b' }, { add: 'a', before: 'b' }, { remove: 'a' }, { add: 'a' }] }),
    ],
    ['with files, one of them to be removed', config({ files: { 'conf.d/x.conf': '', 'y.conf': null } })],
    ['for a command', { ...base, change: { kind: 'command', name: 'upgrade' } }],
    ['for a pipeline of its own', external('the nightly upgrade')],
    [
      'with every override',
      overrides({
        soak: '0s',
        lease: '1m',
        applyTimeout: '1h',
        allowRedBaseline: true,
        allowDirty: false,
        requireConfirm: true,
      }),
    ],
    ['with a reference where a password would stand', external('password=${env:DB}')],
  ] as const)
    it(what, () => expect(parseChangeRequest(input)).toEqual({ kind: 'ok', value: input }));
});

describe('a request is refused by the name of its field:', () => {
  for (const [what, input, want] of [
    ['no object', 7, ['invalid-value expected a mapping']],
    ['nothing', undefined, ['invalid-value expected a mapping']],
    ['no target', { ...base, target: undefined }, ['missing-key "target" is missing']],
    ['a target that is no name', { ...base, target: 'Shop DB' }, ['invalid-value target: is not a valid name']],
    ['a change id with a slash', { ...base, changeId: 'a/b' }, ['invalid-value changeId: is not a valid name']],
    [
      'a change id too long',
      { ...base, changeId: 'a'.repeat(64) },
      ['invalid-value changeId: is longer than 63 characters'],
    ],
    ['an unknown key', { ...base, tagret: 'x' }, ['unknown-key unknown key "tagret"']],
    ['a key too much, deep inside', config({ settings: { a: 1 }, hab: [] }), ['unknown-key change: unknown key "hab"']],
    ['no kind', { ...base, change: {} }, ['invalid-value change.kind: kind must be "config", "command" or "external"']],
    ['a change of nothing', config({}), ['invalid-value change: changes nothing']],
    [
      'a change of empty parts',
      config({ settings: {}, hba: [], files: {} }),
      ['invalid-value change: changes nothing'],
    ],
    [
      'a setting that is a mapping',
      config({ settings: { a: {} } }),
      ['invalid-value change.settings.a: expected a value, a list of values, or null for "unset"'],
    ],
    [
      'an empty list',
      config({ settings: { a: [] } }),
      ['invalid-value change.settings.a: an empty list would stop the server; null unsets'],
    ],
    [
      'a setting that is no name',
      config({ settings: { 'a b': 1 } }),
      ['invalid-value change.settings.a b: is not a setting name'],
    ],
    [
      'a rule with two verbs',
      config({ hba: [{ add: 'a', remove: 'b' }] }),
      ['invalid-value change.hba[0]: needs exactly one of "add" and "remove"'],
    ],
    [
      'a rule without a verb',
      config({ hba: [{}] }),
      ['invalid-value change.hba[0]: needs exactly one of "add" and "remove"'],
    ],
    [
      'a rule with two places',
      config({ hba: [{ add: 'a', after: 'b', before: 'c' }] }),
      ['invalid-value change.hba[0]: takes "after" or "before", not both'],
    ],
    [
      'a removal with a place',
      config({ hba: [{ remove: 'a', after: 'b' }] }),
      ['invalid-value change.hba[0]: "remove" takes neither "after" nor "before"'],
    ],
    [
      'a rule of two lines',
      config({ hba: [{ add: 'a\nb' }] }),
      ['invalid-value change.hba[0].add: is more than one line'],
    ],
    [
      'a path upwards',
      config({ files: { '../x': '' } }),
      ['invalid-value change.files.../x: leaves the configuration folder'],
    ],
    [
      'a file with a zero byte',
      config({ files: { 'x.conf': 'a\0' } }),
      ['invalid-value change.files.x.conf: holds a NUL byte'],
    ],
    [
      'a file that is a number',
      config({ files: { 'x.conf': 7 } }),
      ["invalid-value change.files.x.conf: expected the file's text, or null to remove it"],
    ],
    [
      'half a character in a file',
      config({ files: { 'x.conf': 'a\ud800' } }),
      ['invalid-value change.files.x.conf: is not valid text'],
    ],
    [
      'half a character in a path',
      config({ files: { 'x\udc00.conf': '' } }),
      ['invalid-value change.files.x\udc00.conf: is not valid text'],
    ],
    [
      'half a character in a setting',
      config({ settings: { a: '\ud800' } }),
      ['invalid-value change.settings.a: is not valid text'],
    ],
    [
      'half a character in a list',
      config({ settings: { a: ['b', '\ud800'] } }),
      ['invalid-value change.settings.a[1]: is not valid text'],
    ],
    [
      'half a character in a rule',
      config({ hba: [{ add: 'a \ud800' }] }),
      ['invalid-value change.hba[0].add: is not valid text'],
    ],
    ['half a character in a reason', { ...base, reason: '\udc00' }, ['invalid-value reason: is not valid text']],
    ['a soak without a unit', overrides({ soak: 30 }), ['invalid-value overrides.soak: 30 is not a duration']],
    ['a lease of nothing', overrides({ lease: '0s' }), ['invalid-value overrides.lease: must be longer than zero']],
    ['a lease of two years', overrides({ lease: '700d' }), ['invalid-value overrides.lease: is longer than a year']],
    [
      'control characters in a reason',
      { ...base, reason: 'a\u001b[31m' },
      ['invalid-value reason: holds control characters'],
    ],
  ] as const)
    it(what, () => expect(problems(input)).toEqual(want));

  it('all of them at once', () => {
    expect(problems({ target: 'X', change: { kind: 'config', hba: [{}] }, overrides: { soak: 1 } })).toHaveLength(4);
  });
});

describe('no secret travels:', () => {
  for (const [what, input, want] of [
    ['in a reason', { ...base, reason: 'password=hunter2' }, ['literal-secret reason']],
    ['in a description', external('psql postgresql://app:hunter2@db/shop'), ['literal-secret change.description']],
    ['in a setting', config({ settings: { a: 'host=b password=hunter2' } }), ['literal-secret change.settings.a']],
    [
      'in an element of a list',
      config({ settings: { a: ['b', 'password=hunter2'] } }),
      ['literal-secret change.settings.a'],
    ],
    [
      'in a setting that is one',
      config({ settings: { primary_conninfo: 'x' } }),
      ['secret-setting change.settings.primary_conninfo'],
    ],
    [
      'in a setting that calls itself one',
      config({ settings: { 'my_ext.api_key': 'hunter2' } }),
      ['secret-setting change.settings.my_ext.api_key'],
    ],
    [
      'in a rule',
      config({ hba: [{ add: 'host a b c ldap ldapbindpasswd=hunter2' }] }),
      ['literal-secret change.hba[0].add'],
    ],
    [
      'in a rule to be removed',
      config({ hba: [{ remove: 'host a b c ldap ldapbindpasswd=hunter2' }] }),
      ['literal-secret change.hba[0].remove'],
    ],
    [
      'in an anchor',
      config({ hba: [{ add: 'a', before: 'radiussecrets=hunter2' }] }),
      ['literal-secret change.hba[0].before'],
    ],
    [
      'in a file',
      config({ files: { 'x.conf': '-----BEGIN PRIVATE KEY-----' } }),
      ['literal-secret change.files.x.conf'],
    ],
  ] as const)
    it(what, () => {
      const found = problems(input);
      expect(found.map((text) => text.split(':')[0])).toEqual(want);
      expect(found.join()).not.toContain('hunter2');
    });

  it('and to unset a secret is no secret', () => {
    expect(problems(config({ settings: { primary_conninfo: null, 'my_ext.api_key': null } }))).toEqual([]);
  });
});

it('travels up to its limit, counted in bytes of UTF-8, and no further', () => {
  const around = JSON.stringify({ kind: 'config', files: { x: '' } }).length;
  const full = 'é'.repeat((inlineLimitBytes - around) / 2);
  expect(problems(config({ files: { x: full } }))).toEqual([]);
  expect(problems(config({ files: { x: `${full}é` } }))[0]).toMatch(/^too-large/);
});
