/** Outside words in Markdown stay words. */
import { describe, expect, it } from '@jest/globals';
import { codeBlock, codeCell, codeSpan, escapeMarkdown, shorten } from '../../domain/markdown.ts';

describe('prose', () => {
  for (const [outside, escaped] of [
    ['<script>alert(1)</script>', '\\<script\\>alert(1)\\</script\\>'],
    ['[click](javascript:x)', '\\[click\\](javascript:x)'],
    ['a | b `c` *d* _e_', 'a \\| b \\`c\\` \\*d\\* \\_e\\_'],
    ['# no heading', '\\# no heading'],
    ['- no list', '\\- no list'],
    ['1. no list', '1\\. no list'],
    ['one\n\n## two', 'one \\#\\# two'],
    ['&lt;', '\\&lt;'],
    ['{workflowId}', '\\{workflowId\\}'],
    ['a\u202eb\u0000c', 'a b c'],
  ] as const) {
    it(`${JSON.stringify(outside)} is no markup`, () => expect(escapeMarkdown(outside)).toBe(escaped));
  }
});

describe('a code span', () => {
  it('cannot be ended by what is in it', () => {
    expect(codeSpan('a`b')).toBe('``a`b``');
    expect(codeSpan('``')).toBe('``` `` ```');
    expect(codeSpan('x\ny')).toBe('`x y`');
    expect(codeSpan('')).toBe('(empty)');
  });

  it('cannot end a table cell', () => {
    expect(codeCell('a|b')).toBe('`a\\|b`');
  });
});

it('a code block cannot be ended by what is in it', () => {
  expect(codeBlock('a\n```\nb\n', 'diff')).toBe('````diff\na\n```\nb\n````');
});

it('a text is shortened without half a character', () => {
  expect(shorten('abc', 3)).toBe('abc');
  expect(shorten('abcd', 3)).toBe('ab…');
  expect(shorten('a😀bc', 3)).toBe('a…');
});
