import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editAutoConf, parseAutoConf } from '../../../domain/conf/auto-conf.ts';
import { parseConf, quoteConf } from '../../../domain/conf/conf-file.ts';
import { type FileView, effectiveAssignments, walkConf } from '../../../domain/conf/conf-tree.ts';

describe('a line of postgresql.conf', () => {
  it.each([
    ['work_mem = 5MB', 'work_mem', '5MB'],
    ['  WORK_MEM=5MB  # note', 'WORK_MEM', '5MB'],
    ["work_mem '5 MB'# note", 'work_mem', '5 MB'],
    ['a.b c', 'a.b', 'c'],
    ["log_line_prefix='a''b'", 'log_line_prefix', "a'b"],
    ["log_line_prefix='a\\'b'", 'log_line_prefix', "a'b"],
    ["log_line_prefix='a\\tb\\101'", 'log_line_prefix', 'a\tbA'],
    ["log_line_prefix='#x'", 'log_line_prefix', '#x'],
    ['timezone=Europe/Paris\r', 'timezone', 'Europe/Paris'],
    ['max_connections=100.4', 'max_connections', '100.4'],
    ["ümlaut = 'ü'", 'ümlaut', 'ü'],
  ])('%j sets %s', (line, name, value) => {
    expect(parseConf(line)).toEqual([{ kind: 'setting', line: 1, name, value }]);
  });

  it.each([
    'work_mem=5 MB',
    'work_mem=',
    'work_mem',
    'work_mem=1e4',
    'search_path=a,b',
    'foo.bar.baz=1',
    'foo-bar.x=1',
    '1foo=1',
    '"work_mem"=\'5MB\'',
    'work_mem=5MB;',
    'listen_addresses=*',
    'include x.conf',
    "log_line_prefix = 'open",
    '\ufeffwork_mem = 4MB'.replace('\ufeff', '\u2028'),
  ])('%j is an error', (line) => {
    expect(parseConf(line)).toMatchObject([{ kind: 'error' }]);
  });

  it.each(['', '   ', '# work_mem = 4MB', '\t'])('%j says nothing', (line) => {
    expect(parseConf(line)).toEqual([]);
  });

  it.each([
    ["include 'x.conf'", 'include'],
    ["INCLUDE_DIR = 'conf.d'", 'include_dir'],
    ["include_if_exists 'x'", 'include_if_exists'],
  ])('%j includes', (line, kind) => {
    expect(parseConf(line)).toMatchObject([{ kind }]);
  });
});

const bytes = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });

it('reads every quoted value back as it was', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(parseConf(`x = ${quoteConf(value)}`)).toEqual([{ kind: 'setting', line: 1, name: 'x', value }]);
    }),
    { verbose: true },
  );
});

it('edits keys of postgresql.auto.conf and touches no other', () => {
  const key = fc.constantFrom('work_mem', 'geqo', 'search_path', 'port');
  const settings = fc.dictionary(
    key,
    bytes.filter((text) => !text.includes('\r')),
  );
  fc.assert(
    fc.property(settings, fc.dictionary(key, fc.option(bytes)), (start, edits) => {
      const text = Object.entries(start).map(([name, value]) => `${name} = ${quoteConf(value)}\n`);
      const edited = editAutoConf(['# comment\n', ...text].join(''), new Map(Object.entries(edits)));
      const want = new Map(Object.entries(start));
      for (const [name, value] of Object.entries(edits)) {
        if (value === null) want.delete(name);
        else want.set(name, value);
      }
      expect(new Map(parseAutoConf(edited) ?? [])).toEqual(want);
      expect(edited.startsWith('# comment\n')).toBe(true);
    }),
    { verbose: true },
  );
});

it('replaces the last of several lines for one key, and drops the others', () => {
  expect(editAutoConf('a = 1\nb = 2\nA = 3\n', new Map([['a', '4']]))).toBe("b = 2\nA = '4'\n");
});

describe('the tree of files', () => {
  const view = (files: Readonly<Record<string, string>>): FileView => ({
    read: (path) => files[path] ?? null,
    list: (folder) => {
      const names = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
      return names.length === 0 ? null : names.map((path) => path.slice(folder.length + 1));
    },
  });

  it('follows includes in order, the last assignment wins, postgresql.auto.conf comes last', () => {
    const tree = walkConf(
      '/c/main.conf',
      '/d/auto.conf',
      view({
        '/c/main.conf': "work_mem = 1MB\ninclude 'a.conf'\ninclude_dir 'd'\ninclude_if_exists 'no.conf'\n",
        '/c/a.conf': '# holds no setting\n',
        '/c/d/2.conf': 'WORK_MEM = 3MB\n',
        '/c/d/1.conf': 'work_mem = 2MB\n',
        '/c/d/.hidden.conf': 'work_mem = 9MB\n',
        '/c/d/x.conf.off': 'work_mem = 9MB\n',
        '/c/d/.conf': 'work_mem = 9MB\n',
        '/d/auto.conf': "geqo = 'off'\n",
      }),
    );
    expect(tree.files).toEqual(['/c/main.conf', '/c/a.conf', '/c/d/1.conf', '/c/d/2.conf', '/d/auto.conf']);
    expect(tree.missing).toEqual(['/c/no.conf']);
    expect(tree.folders).toEqual(['/c/d']);
    expect(tree.errors).toEqual([]);
    expect(effectiveAssignments(tree).get('work_mem')).toMatchObject({ file: '/c/d/2.conf', value: '3MB' });
  });

  it.each([
    ["include 'gone.conf'", 'could not open configuration file "/c/gone.conf"'],
    ["include_dir 'gone'", 'could not open directory "/c/gone"'],
    ["include_if_exists ''", 'empty configuration file name'],
    ["include 'main.conf'", 'maximum nesting depth exceeded at "/c/main.conf"'],
  ])('finds that %s keeps the server from starting', (line, error) => {
    expect(walkConf('/c/main.conf', '/c/auto.conf', view({ '/c/main.conf': line })).errors).toMatchObject([{ error }]);
  });
});
