import { describe, expect, it } from '@jest/globals';
import { flattenLiterals, isDangerous, decidesAccess, splitList } from '../../../domain/conf/settings.ts';
import { type ValueRule, normaliseValue, showValue } from '../../../domain/conf/setting-value.ts';

const rule = (vartype: string, rest: Partial<ValueRule> = {}): ValueRule => ({
  vartype,
  unit: null,
  minVal: null,
  maxVal: null,
  enumvals: null,
  ...rest,
});
const workMem = rule('integer', { unit: 'kB', minVal: '64', maxVal: '2147483647' });
const sharedBuffers = rule('integer', { unit: '8kB', minVal: '16', maxVal: '1073741823' });
const timeout = rule('integer', { unit: 'ms', minVal: '0', maxVal: '2147483647' });
const level = rule('enum', { enumvals: ['minimal', 'replica', 'logical'] });
const compression = rule('enum', { enumvals: ['pglz', 'on', 'off'] });

describe('a value', () => {
  it.each([
    [rule('bool'), 'TR', 'on'],
    [rule('bool'), 'of', 'off'],
    [rule('bool'), '0', 'off'],
    [workMem, '5MB', '5120'],
    [workMem, ' 5 MB ', '5120'],
    [workMem, '0x1400', '5120'],
    [workMem, '012000', '5120'],
    [workMem, '1e4', '10000'],
    [sharedBuffers, '128MB', '16384'],
    [timeout, '1.5s', '1500'],
    [timeout, '2min', '120000'],
    [rule('integer', { minVal: '1', maxVal: '262143' }), '100.5', '100'],
    [rule('integer', { minVal: '1', maxVal: '262143' }), '101.5', '102'],
    [rule('real', { minVal: '0', maxVal: '1' }), '5e-1', '0.5'],
    [level, 'Replica', 'replica'],
    [level, 'hot_standby', 'replica'],
    [compression, 'yes', 'pglz'],
    [compression, 'on', 'pglz'],
    [compression, 'false', 'off'],
    [rule('string'), 'any', 'any'],
  ])('%# is read as the server reads it', (how, text, value) => {
    expect(normaliseValue(how, text)).toEqual({ ok: true, value });
  });

  it.each([
    [rule('bool'), 'o'],
    [rule('bool'), ''],
    [rule('bool'), '2'],
    [workMem, '5mb'],
    [workMem, '5s'],
    [workMem, '-1'],
    [workMem, ''],
    [workMem, '5 M B'],
    [rule('real', { minVal: '0', maxVal: '1' }), '0,5'],
    [level, 'some'],
  ])('%# is refused with a reason', (how, text) => {
    expect(normaliseValue(how, text)).toMatchObject({ ok: false, why: expect.any(String) });
  });

  it.each([
    [workMem, '65536', '64MB'],
    [sharedBuffers, '16384', '128MB'],
    [timeout, '90000', '90s'],
    [timeout, '0', '0'],
    [rule('integer', { unit: 'min' }), '1440', '1d'],
    [rule('integer', { unit: 'kB' }), '-1', '-1'],
    [rule('string'), '', "''"],
  ])('%# is shown as people write it', (how, value, shown) => {
    expect(showValue(how, value)).toBe(shown);
  });
});

describe('a list', () => {
  it.each([
    ['a, b', ['a', 'b']],
    ['"a, b",c', ['a, b', 'c']],
    ['"a""b"', ['a"b']],
    ['', []],
    ['a,,b', null],
    ['"open', null],
  ])('%j has the elements %j', (text, elements) => {
    expect(splitList(text)).toEqual(elements);
  });

  it('is saved with one quoted name an element', () => {
    expect(flattenLiterals('search_path', ['app', 'Odd, name'])).toBe('app, "Odd, name"');
    expect(flattenLiterals('DateStyle', ['ISO', 'DMY'])).toBe('ISO, DMY');
  });
});

it.each(['archive_command', 'SSL_Key_File', 'shared_preload_libraries', 'data_directory', 'unix_socket_directories'])(
  '%s is dangerous',
  (name) => {
    expect(isDangerous(name)).toBe(true);
  },
);
it.each(['listen_addresses', 'ssl', 'ssl_min_protocol_version', 'max_connections', 'reserved_connections'])(
  '%s decides access',
  (name) => {
    expect(decidesAccess(name)).toBe(true);
  },
);
it.each(['work_mem', 'max_wal_size', 'autovacuum'])('%s is neither', (name) => {
  expect([isDangerous(name), decidesAccess(name)]).toEqual([false, false]);
});
