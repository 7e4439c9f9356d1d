import { expect, it } from '@jest/globals';
import { patroniRefusals, shadowOf } from '../../../../targets/managed/patroni/rules.ts';
import type { SettingRow } from '../../../../targets/postgres/queries.ts';

const row: SettingRow = {
  name: 'work_mem',
  setting: '4096',
  unit: 'kB',
  context: 'user',
  vartype: 'integer',
  source: 'configuration file',
  minVal: '64',
  maxVal: '2147483647',
  enumvals: null,
  bootVal: '4096',
  sourceFile: '/data/postgresql.conf',
  sourceLine: 3,
  pendingRestart: false,
};

for (const [name, bend, declared, detail] of [
  ['what Patroni has written by what is declared takes effect', {}, 'in-force', undefined],
  ['a member with a value of its own outranks it', {}, 'otherwise', 'patroni.yml'],
  ['and so where nothing is declared yet', {}, 'no', 'patroni.yml'],
  ['the base configuration is outranked', { sourceFile: '/data/postgresql.base.conf' }, 'no', undefined],
  ['ALTER SYSTEM outranks everything', { sourceFile: '/data/postgresql.auto.conf' }, 'in-force', 'ALTER SYSTEM'],
  ['unset is unset', { source: 'default', sourceFile: null }, 'no', undefined],
  [
    'what is passed comes from nowhere else',
    { name: 'max_connections', source: 'command line' },
    'otherwise',
    undefined,
  ],
] as const)
  it(name, () => {
    const problem = shadowOf({ ...row, ...bend }, declared, 'node2');
    if (detail === undefined) expect(problem).toBeNull();
    else expect(problem?.detail).toContain(detail);
  });

for (const [name, value, code] of [
  ['max_connections', 25, undefined],
  ['max_connections', 24, 'bad-value'],
  ['max_wal_senders', '2', 'bad-value'],
  ['max_connections', null, undefined],
  ['LISTEN_ADDRESSES', '*', 'setting-not-declarable'],
  ['cluster_name', 'x', 'setting-not-declarable'],
  ['primary_conninfo', 'host=x', 'setting-not-declarable'],
  ['work_mem', '64MB', undefined],
] as const)
  it(`${name} = ${value} is ${code ?? 'taken'}`, () => {
    expect(patroniRefusals({ kind: 'config', settings: { [name]: value } })[0]?.code).toBe(code);
  });
