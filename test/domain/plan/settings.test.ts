/** What ALTER SYSTEM will be told: lists by element, absence as absence, and every reason to refuse a setting. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SettingValue } from '../../../domain/change.ts';
import { parseAutoConf } from '../../../domain/conf/auto-conf.ts';
import { quoteConf } from '../../../domain/conf/conf-file.ts';
import { splitList } from '../../../domain/conf/settings.ts';
import type { PlanContext } from '../../../domain/plan/context.ts';
import { autoConfEdits, planSettings } from '../../../domain/plan/settings.ts';
import { aContext, aSetting, settings } from './builders.ts';

type Given = Readonly<Record<string, SettingValue | null>>;

function codes(given: Given, context: Partial<PlanContext> = {}): readonly string[] {
  return planSettings(aContext({ context }), given).problems.map(({ code }) => code);
}

/** The literals for one setting; null is RESET. */
function literals(name: string, value: SettingValue | null): readonly string[] | null | undefined {
  const { alters, problems } = planSettings(aContext({ context: { allowedSettings: [name] } }), { [name]: value });
  expect(problems).toEqual([]);
  return alters[0]?.literals;
}

describe('refuses', () => {
  for (const [what, given, want] of [
    ['an unknown setting', { wrok_mem: '4MB' }, ['unknown-setting']],
    ['an unknown setting even to unset it', { wrok_mem: null }, ['unknown-setting']],
    ['an unknown setting of an extension', { 'ext.level': 3 }, ['unknown-setting']],
    ['the same setting in two spellings', { work_mem: 64, WORK_MEM: 65 }, ['setting-twice']],
    ['what the server computes', { block_size: 4096 }, ['setting-not-changeable']],
    ['to unset what the server computes', { block_size: null }, ['setting-not-changeable']],
    ['a command', { archive_command: 'true' }, ['setting-not-allowed']],
    ['to unset a command', { archive_command: null }, ['setting-not-allowed']],
    ['a library', { shared_preload_libraries: 'evil' }, ['setting-not-allowed']],
    ['a secret', { primary_conninfo: 'host=x' }, ['setting-not-allowed', 'secret-literal']],
    ['a secret of an extension', { 'my_ext.api_key': 'x' }, ['secret-literal']],
    ['a password in any text', { search_path: 'password=hunter2' }, ['secret-literal']],
    ['what the command line decides', { port: 6000 }, ['setting-overridden']],
    ['a number out of range', { work_mem: 63 }, ['bad-value']],
    ['a unit that the setting has not', { work_mem: '5s' }, ['bad-value']],
    ['a word for a number', { work_mem: 'lots' }, ['bad-value']],
    ['nothing for a number', { work_mem: '' }, ['bad-value']],
    ['a switch for a number', { work_mem: true }, ['bad-value']],
    ['a word that the enum has not', { wal_level: 'some' }, ['bad-value']],
    ['a list for what is none', { work_mem: ['64kB'] }, ['bad-value']],
    ['an empty list for what is none', { work_mem: [] }, ['bad-value']],
    ['two lines', { DateStyle: 'ISO\nport = 1' }, ['bad-value']],
    ['a zero byte in an element', { search_path: ['a', 'b\0'] }, ['bad-value']],
    ['a list that cannot be split', { search_path: 'a, "b' }, ['bad-value']],
  ] as readonly (readonly [string, Given, readonly string[]])[])
    it(what, () => expect(codes(given)).toEqual(want));

  it('what the server itself says no to, unless the value was refused already', () => {
    const serverProblems = new Map([['geqo', { code: 'insufficient-privilege', message: 'no' }]]);
    expect(codes({ geqo: 'off' }, { serverProblems })).toEqual(['insufficient-privilege']);
    expect(codes({ geqo: 'maybe' }, { serverProblems })).toEqual(['bad-value']);
  });

  it('with the nearest name as a hint', () => {
    expect(planSettings(aContext(), { wrok_mem: 1 }).problems).toMatchObject([{ hint: 'Did you mean "work_mem"?' }]);
  });

  it('nothing that goes back to unset on the command line: the files are free to be tidied', () => {
    expect(codes({ port: null })).toEqual([]);
  });
});

describe('allows', () => {
  it('a command that the agent names, in any case', () => {
    expect(codes({ archive_command: 'true' }, { allowedSettings: ['ARCHIVE_command'] })).toEqual([]);
  });
  it('to unset a setting of an extension that is not loaded', () => expect(codes({ 'gone.level': null })).toEqual([]));
});

describe('becomes literals', () => {
  for (const [what, name, value, want] of [
    ['a number as it was written', 'work_mem', '64MB', ['64MB']],
    ['a plain number', 'work_mem', 65_536, ['65536']],
    ['a switch as on', 'geqo', true, ['on']],
    ['a switch as off', 'geqo', false, ['off']],
    ['an empty text as an empty text', 'listen_addresses', '', ['']],
    ['a list in one text, by element', 'search_path', 'app, "B c"', ['app', 'B c']],
    ['a list, by element', 'search_path', ['app', 'B, c'], ['app', 'B, c']],
    ['a list without quoting, by element', 'DateStyle', ['ISO', 'MDY'], ['ISO', 'MDY']],
    ['a list without quoting in one text, as it is', 'DateStyle', 'ISO, MDY', ['ISO, MDY']],
    ['null as a reset', 'work_mem', null, null],
    ['an empty list as a reset', 'search_path', [], null],
    ['an empty text of a quoted list as a reset', 'search_path', '', null],
    ['blanks of a quoted list as a reset', 'search_path', '  ', null],
    ['a quoted nothing as a reset', 'shared_preload_libraries', '""', null],
    ['a list of empty texts as a reset', 'shared_preload_libraries', ['', ''], null],
    ['a list without its empty elements', 'shared_preload_libraries', ['', 'a'], ['a']],
    ['an empty list without quoting as a reset', 'DateStyle', [], null],
  ] as const)
    it(`${name}: ${what}`, () => expect(literals(name, value)).toEqual(want));

  it('under the name that the server has for it', () => {
    expect(planSettings(aContext(), { DATEstyle: 'ISO' }).alters).toEqual([{ name: 'DateStyle', literals: ['ISO'] }]);
  });
});

const changeable = settings.filter(({ context, source }) => context !== 'internal' && source !== 'command line');
const allowAll = aContext({ context: { allowedSettings: changeable.map(({ name }) => name) } });

it('a setting back to unset is a reset, whatever its default, and never a copy of it', () => {
  const named = fc.constantFrom(...changeable);
  fc.assert(
    fc.property(named, fc.option(fc.string()), fc.string(), ({ name }, bootVal, value) => {
      const known = new Map([[name.toLowerCase(), aSetting(name, { bootVal, value })]]);
      expect(planSettings({ ...allowAll, settings: known }, { [name]: null })).toEqual({
        alters: [{ name, literals: null }],
        emptied: [],
        problems: [],
      });
    }),
    { verbose: true },
  );
});

it('no list, however empty, writes the element without a name that stops the server at its next start', () => {
  const quoted = fc.constantFrom('search_path', 'shared_preload_libraries');
  const elements = fc.array(fc.constantFrom('', 'a', 'B c', 'a,b', 'q"r', '$user'));
  const text = fc.array(fc.constantFrom('', ' ', 'a', ', ', '"B c"', '""')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(quoted, fc.oneof(elements, text), (name, value) => {
      for (const { literals: said } of planSettings(allowAll, { [name]: value }).alters)
        expect(said === null || (said.length > 0 && !said.includes(''))).toBe(true);
    }),
    { verbose: true },
  );
});

it('a list survives its way through postgresql.auto.conf, element by element', () => {
  const elements = fc.array(fc.string({ minLength: 1, unit: fc.constantFrom(...`aB_9 ,"'\\$`.split('')) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(elements, (value) => {
      const { alters } = planSettings(aContext(), { search_path: value });
      const written = autoConfEdits(alters).get('search_path') ?? '';
      const read = parseAutoConf(`search_path = ${quoteConf(written)}\n`)?.get('search_path') ?? '';
      expect(splitList(read)).toEqual(value);
    }),
    { verbose: true },
  );
});
