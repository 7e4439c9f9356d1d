/** The threat model names the tests that back it: each of them is there, and holds tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseAgentConfig } from '../../config/agent.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
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

it('shows what a revert leaves closed as both files take it', () => {
  const [knowngood = '', agent = ''] = [...read('docs/never-reopen.md').matchAll(/```yaml\n([^]*?)```/g)].map(
    ([, yaml]) => yaml,
  );
  expect(parseKnowngoodConfig(knowngood, 'knowngood.yaml')).toMatchObject({ kind: 'ok' });
  const connection = 'target: shop-db\nconnection: postgresql://postgres@/postgres?host=/run/postgresql\n';
  expect(parseAgentConfig(`${connection}${agent}`, 'agent.yaml', {})).toMatchObject({
    kind: 'ok',
    value: { neverReopen: { roles: ['old_vendor'], from: ['203.0.113.0/24'], passwordless: true, declared: true } },
  });
});
