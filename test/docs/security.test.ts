/** The threat model names the tests that back it: each of them is there, and holds tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../worker/stack/package-root.ts';

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');
const text = read('docs/security.md');
const named = [...new Set([...text.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path ?? ''))];

it('names many tests', () => expect(named.length).toBeGreaterThan(25));

it.each(named)('%s backs a claim, and holds tests', (path) => {
  expect(path).toMatch(/\.test\.ts$/);
  expect(read(path)).toMatch(/^\s*(it|test)(\.each\(.*\))?\(/m);
});

it('says nothing of what somebody cannot do without a test', () => {
  const [, ...tables] = text.split(/^\| cannot +\|.*$/m);
  const rows = tables.flatMap((table) => table.split('\n\n', 1)[0]?.split('\n').slice(2) ?? []);
  expect(rows.length).toBeGreaterThan(8);
  expect(rows.filter((row) => !/`test\/|as above/.test(row))).toEqual([]);
});
