/** What RDS allows of a parameter, and how it wants a value spelled. */
import { describe, expect, it } from '@jest/globals';
import type { ValueRule } from '../../../../domain/conf/setting-value.ts';
import {
  type GroupParameter,
  considerSettings,
  isAllowed,
  spelled,
} from '../../../../targets/managed/rds/parameters.ts';

const aParameter = (bend: Partial<GroupParameter> = {}): GroupParameter => ({
  name: 'work_mem',
  value: null,
  isSet: false,
  applyType: 'dynamic',
  dataType: 'integer',
  allowedValues: '64-2147483647',
  isModifiable: true,
  ...bend,
});

type Rule = ValueRule & { readonly context: string };

const rule: Rule = {
  vartype: 'integer',
  unit: 'kB',
  minVal: '64',
  maxVal: '2147483647',
  enumvals: null,
  context: 'user',
};
const aBool: Rule = { ...rule, vartype: 'bool', unit: null, minVal: null, maxVal: null };
const anEnum: Rule = { ...aBool, vartype: 'enum', enumvals: ['none', 'ddl', 'mod', 'all'] };
const aText: Rule = { ...aBool, vartype: 'string' };

describe('allowed values', () => {
  for (const [allowedValues, value, dataType, want] of [
    ['64-2147483647', '64', 'integer', true],
    ['64-2147483647', '63', 'integer', false],
    ['64-2147483647', '', 'integer', false],
    ['-1-2147483647', '-1', 'integer', true],
    ['-1-2147483647', '-2', 'integer', false],
    ['-1,10-100', '-1', 'integer', true],
    ['-1,10-100', '9', 'integer', false],
    ['0.0-1.79769e+308', '1.1', 'float', true],
    ['-20--10', '-15', 'integer', true],
    ['-20--10', '-5', 'integer', false],
    ['0,1', '1', 'boolean', true],
    ['0,1', 'on', 'boolean', false],
    ['on, off', 'off', 'string', true],
    ['auto_explain,pgaudit', 'pgaudit, auto_explain', 'list', true],
    ['auto_explain,pgaudit', 'pgaudit,timescaledb', 'list', false],
    ['auto_explain,pgaudit', 'auto_explain,pgaudit', 'string', false],
    ['postgresql.log.%Y-%m-%d,postgresql.log.%Y-%m-%d-%H', 'postgresql.log.%Y-%m-%d', 'string', true],
    [null, 'whatever', 'string', true],
    ['', 'whatever', 'string', true],
  ] as const) {
    it(`${allowedValues ?? 'none listed'}: ${JSON.stringify(value)} is ${want ? '' : 'not '}among them`, () =>
      expect(isAllowed({ allowedValues, dataType }, value)).toBe(want));
  }
});

describe('the spelling of a value', () => {
  for (const [name, parameter, of, text, want] of [
    ['has no unit', aParameter(), rule, '64MB', '65536'],
    ['keeps a plain number', aParameter(), rule, '65536', '65536'],
    ['says on as 1 where RDS does', aParameter({ allowedValues: '0,1' }), aBool, 'yes', '1'],
    ['says off as 0 where RDS does', aParameter({ allowedValues: '0,1' }), aBool, 'off', '0'],
    ['says on where RDS lists it', aParameter({ allowedValues: 'on,off' }), aBool, 'true', 'on'],
    ['has the case of an enum', aParameter({ allowedValues: 'none,ddl,mod,all' }), anEnum, 'DDL', 'ddl'],
    ['is what PostgreSQL shows where nothing is allowed', aParameter({ allowedValues: '0-9' }), rule, '1MB', '1024'],
    ['is left alone for a text', aParameter({ allowedValues: null }), aText, '"$user", public', '"$user", public'],
    ['is left alone where PostgreSQL has no such setting', aParameter({ allowedValues: '0,1' }), undefined, '1', '1'],
    [
      'keeps a formula',
      aParameter({ allowedValues: null }),
      rule,
      '{DBInstanceClassMemory/8}',
      '{DBInstanceClassMemory/8}',
    ],
  ] as const) {
    it(name, () => expect(spelled(parameter, of, text)).toBe(want));
  }
});

describe('a change of settings', () => {
  const parameters = new Map([
    ['work_mem', aParameter()],
    ['max_connections', aParameter({ name: 'max_connections', applyType: 'static', allowedValues: '6-8388607' })],
    ['timezone', aParameter({ name: 'timezone', dataType: 'string', allowedValues: 'UTC,Europe/Berlin' })],
    ['port', aParameter({ name: 'port', isModifiable: false })],
    ['odd', aParameter({ name: 'odd', applyType: 'static' })],
  ]);
  const rules = new Map([
    ['work_mem', rule],
    ['max_connections', { ...rule, unit: null, minVal: '1', context: 'postmaster' }],
    ['timezone', aText],
    ['port', { ...rule, context: 'postmaster' }],
    ['odd', { ...rule, context: 'sighup' }],
  ]);

  it('is spelled as RDS has it, and says when it applies what', () => {
    const settings = { work_mem: '64MB', TimeZone: 'Europe/Berlin', max_connections: 200 };
    expect(considerSettings({ settings }, parameters, rules)).toEqual({
      refusals: [],
      notes: [
        'RDS applies work_mem, timezone with apply_method immediate',
        'RDS applies max_connections with apply_method pending-reboot',
      ],
      spellings: new Map([
        ['work_mem', { name: 'work_mem', value: '65536' }],
        ['timezone', { name: 'timezone', value: 'Europe/Berlin' }],
        ['max_connections', { name: 'max_connections', value: '200' }],
      ]),
    });
  });

  it('resets by name, whatever the value was', () => {
    expect(considerSettings({ settings: { work_mem: null } }, parameters, rules)).toMatchObject({
      refusals: [],
      spellings: new Map([['work_mem', { name: 'work_mem', value: null }]]),
    });
  });

  it('is refused with every reason at once', () => {
    const settings = { work_mem: '32kB', cluster_name: 'a', port: 5433, odd: '1MB' };
    const { refusals, notes, spellings } = considerSettings({ settings }, parameters, rules);
    expect(refusals.map(({ message, detail }) => `${message}: ${detail}`)).toEqual([
      'invalid value for setting "work_mem": 32kB: RDS takes 64-2147483647.',
      'setting "cluster_name" cannot be changed through an RDS parameter group: The parameter group of the instance has no such parameter.',
      'setting "port" cannot be changed through an RDS parameter group: RDS lists it as not modifiable.',
      'setting "odd" cannot be changed through an RDS parameter group: RDS applies it at a reboot only, and PostgreSQL takes it without one (context sighup): what a plan says of its effect would be wrong.',
    ]);
    expect(notes).toEqual([]);
    expect(spellings.size).toBe(0);
  });
});
