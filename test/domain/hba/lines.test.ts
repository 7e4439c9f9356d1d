import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editHba, hbaFileProblems } from '../../../domain/hba/lines.ts';
import { fieldsOf, tokeniseHba } from '../../../domain/hba/tokens.ts';
import { walkHba } from '../../../domain/hba/tree.ts';

const words = (line: string): string[] =>
  fieldsOf(line).map((field) => field.map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join('|'));

describe('fields', () => {
  it.each([
    ['host all all 10.0.0.0/8 md5', ['host', 'all', 'all', '10.0.0.0/8', 'md5']],
    ['host a,b all', ['host', 'a|b', 'all']],
    ['host a, b all', ['host', 'a|b', 'all']],
    ['host a ,b all', ['host', 'a', 'b', 'all']],
    ['host "a b" all', ['host', '"a b"', 'all']],
    ['host "a""b" all', ['host', '"a"b"', 'all']],
    ['host a"ll" "all"', ['host', 'all', '"all"']],
    ['trust#x', ['trust']],
    ['"trust#x"', ['"trust#x"']],
    ['host "open all', ['host', '"open all"']],
    [',,host', ['host']],
    ['# comment', []],
    ['""', ['""']],
  ])('of %j', (line, want) => {
    expect(words(line)).toEqual(want);
  });

  it('joins lines that end in a backslash, comments too, from 14 on', () => {
    const text = '# note \\\nlocal all all trust\nhost all \\\n all 1.2.3.4/32 md5\n';
    expect(tokeniseHba(text, 170000).map(({ from, to, fields }) => [from, to, fields.length])).toEqual([
      [1, 2, 0],
      [3, 4, 5],
    ]);
    expect(tokeniseHba(text, 130000).length).toBe(4);
  });
});

const file =
  '# rules\nlocal all all peer\nhost  all\tall  10.0.0.0/8 \\\n  scram-sha-256\n# end\nhost all all 0.0.0.0/0 reject\n';
const edit = (...edits: Parameters<typeof editHba>[1]): ReturnType<typeof editHba> => editHba(file, edits, 170000);

describe('edits', () => {
  it('add at the end', () => {
    expect(edit({ add: 'local a b trust' }).content).toBe(`${file}local a b trust\n`);
  });
  it('add after a continued rule, whatever its spacing', () => {
    expect(edit({ add: 'local a b trust', after: 'host all all 10.0.0.0/8 scram-sha-256' }).content).toBe(
      file.replace('# end\n', 'local a b trust\n# end\n'),
    );
  });
  it('add before a rule', () => {
    expect(edit({ add: 'local a b trust', before: 'host all all 0.0.0.0/0 reject' }).content).toBe(
      file.replace('host all all 0', 'local a b trust\nhost all all 0'),
    );
  });
  it('remove a continued rule with all of its lines', () => {
    expect(edit({ remove: 'host all all 10.0.0.0/8 scram-sha-256' }).content).toBe(
      '# rules\nlocal all all peer\n# end\nhost all all 0.0.0.0/0 reject\n',
    );
  });
  it('follow each other', () => {
    expect(edit({ add: 'local a b trust' }, { remove: 'local a b trust' }).content).toBe(file);
  });
  it('keep the line ends of the file', () => {
    expect(editHba('local all all peer\r\n', [{ add: 'local a b trust' }], 170000).content).toBe(
      'local all all peer\r\nlocal a b trust\r\n',
    );
  });
  it('are not swallowed by a backslash at the end of the file', () => {
    const { content } = editHba('local all all peer\n# note \\', [{ add: 'local a b trust' }], 170000);
    expect(tokeniseHba(content, 170000).map(({ fields }) => fields.length)).toEqual([4, 0, 4]);
  });
  it.each([
    [{ remove: 'local all all trust' }, 'hba-no-such-rule'],
    [{ remove: '"local" all all peer' }, 'hba-no-such-rule'],
    [{ add: 'local a b trust', after: 'nothing' }, 'hba-no-such-rule'],
    [{ add: 'local a b trust', after: 'local all all peer', before: 'local all all peer' }, 'hba-two-places'],
    [{ add: 'local a b trust\nlocal c d trust' }, 'hba-not-one-rule'],
    [{ add: '# comment' }, 'hba-not-one-rule'],
    [{ add: 'local a b' }, 'hba-bad-rule'],
    [{ add: 'local a b frust' }, 'hba-bad-rule'],
    [{ add: 'include other.conf' }, 'hba-bad-rule'],
  ] as const)('%j is refused as %s', (one, code) => {
    expect(edit(one).problems.map((problem) => problem.code)).toEqual([code]);
  });
  it('name every line of a rule that is not unique', () => {
    const { problems } = editHba(`${file}local  all all peer\n`, [{ remove: 'local all all peer' }], 170000);
    expect(problems).toMatchObject([{ code: 'hba-rule-not-unique', detail: 'Lines 2, 7.' }]);
  });
});

it('takes back what it added, wherever that was', () => {
  const rule = fc.constantFrom(
    'local all all peer',
    'host all all 10.0.0.0/8 md5',
    '# comment',
    '',
    'host a,b "c d" all md5',
  );
  const anchors = fc.constantFrom(undefined, 'local only anchor peer');
  fc.assert(
    fc.property(fc.array(rule), fc.array(rule), anchors, (above, below, after) => {
      const text = `${[...above, 'local only anchor peer', ...below].join('\n')}\n`;
      const added = editHba(text, [{ add: 'local new one trust', ...(after === undefined ? {} : { after }) }], 170000);
      expect(added.problems).toEqual([]);
      expect(editHba(added.content, [{ remove: 'local new one trust' }], 170000).content).toBe(text);
    }),
    { verbose: true },
  );
});

it('sees a file without rules, and lines that cannot load', () => {
  expect(hbaFileProblems('f', '# nothing\n', 170000)).toMatchObject([{ code: 'hba-empty' }]);
  expect(hbaFileProblems('f', 'include x\n', 150000)).toMatchObject([{ code: 'hba-bad-rule' }]);
  expect(hbaFileProblems('f', 'include x\nlocal all @users peer\n', 170000)).toEqual([]);
});

it('finds lists, includes and their folders', () => {
  const files: Record<string, string> = {
    '/c/hba': 'local @dbs all peer\ninclude more\ninclude_if_exists "no"\ninclude_dir d\nlocal "@not" all peer\n',
    '/c/dbs': 'one two @more_dbs # comment\n',
    '/c/more_dbs': 'three',
    '/c/more': 'local all all trust\n',
    '/c/d/1.conf': 'local all all trust\n',
  };
  const tree = walkHba(
    '/c/hba',
    'hba',
    { read: (path) => files[path] ?? null, list: (folder) => (folder === '/c/d' ? ['1.conf', 'x'] : null) },
    160000,
  );
  expect(Object.fromEntries(tree.files)).toEqual({
    '/c/hba': 'hba',
    '/c/dbs': 'auth-list',
    '/c/more_dbs': 'auth-list',
    '/c/more': 'hba',
    '/c/d/1.conf': 'hba',
  });
  expect(tree.missing).toEqual(['/c/no']);
  expect(tree.errors).toEqual([]);
});
