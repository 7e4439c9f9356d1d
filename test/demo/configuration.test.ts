/** The demo's own eye on the files: what it has to notice. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, readConfiguration } from '../../demo/configuration.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-eye-'));
  await mkdir(file('conf.d'));
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'conf.d/memory.conf'])
    await writeFile(file(name), name, { mode: 0o600 });
  await writeFile(file('postmaster.pid'), '1');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the difference between two looks at the configuration', () => {
  for (const [what, change, path] of [
    ['other bytes', () => writeFile(file('pg_hba.conf'), 'other'), 'pg_hba.conf'],
    ['another mode', () => chmod(file('pg_hba.conf'), 0o640), 'pg_hba.conf'],
    ['a file in conf.d that was added', () => writeFile(file('conf.d/new.conf'), ''), 'conf.d/new.conf'],
    ['a file that is gone', () => rm(file('conf.d/memory.conf')), 'conf.d/memory.conf'],
  ] as const) {
    it(`is ${what}`, async () => {
      const before = await readConfiguration(folder);
      await change();
      expect(differences(before, await readConfiguration(folder))).toEqual([path]);
    });
  }

  it('is another owner', async () => {
    if (process.getuid?.() !== 0) return; // only root can give a file away
    const before = await readConfiguration(folder);
    await chown(file('postgresql.conf'), 12_345, 12_345);
    expect(differences(before, await readConfiguration(folder))).toEqual(['postgresql.conf']);
  });

  it('is nothing when a file was written again with what it held, or a file is no configuration', async () => {
    const before = await readConfiguration(folder);
    await writeFile(file('pg_hba.conf'), 'pg_hba.conf');
    await writeFile(file('postmaster.pid'), '2');
    expect(differences(before, await readConfiguration(folder))).toEqual([]);
  });
});
