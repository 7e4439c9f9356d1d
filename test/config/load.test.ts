/** The worker's knowngood.yaml: an edit counts without a restart, and an untouched file is parsed once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { followKnowngoodConfig } from '../../config/load.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-load-config-'));
  path = join(folder, 'knowngood.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (target: string): void =>
  writeFileSync(path, `targets: { ${target}: { connection: 'postgresql://u@h/d' } }`);

it('answers with the same configuration while the file is the same', async () => {
  const config = followKnowngoodConfig(path);
  write('one');
  expect(await config()).toBe(await config());
});

it('takes an edit at the next call', async () => {
  const config = followKnowngoodConfig(path);
  write('one');
  await config();
  write('two');
  expect(Object.keys((await config()).targets)).toEqual(['two']);
});

it('refuses a broken edit, and takes the mended file again', async () => {
  const config = followKnowngoodConfig(path);
  write('one');
  await config();
  writeFileSync(path, 'targets: [');
  await expect(config()).rejects.toThrow();
  write('one');
  expect(Object.keys((await config()).targets)).toEqual(['one']);
});
