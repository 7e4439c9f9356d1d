/** The table of settings by major version is what the real programs say. Run with KNOWNGOOD_UPDATE=1 to write it anew. */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { settingsByMajor } from '../../../domain/upgrade/settings-by-major.ts';
import { changesBetween, rendered } from '../../support/settings-table.ts';

const path = new URL('../../../domain/upgrade/settings-by-major.ts', import.meta.url);

describe('the table of settings by major version', () => {
  it('is what servers of 14 to 18 and their programs say', async () => {
    const changes = await changesBetween([14, 15, 16, 17, 18]);
    if (process.env['KNOWNGOOD_UPDATE'] === '1') {
      const source = await readFile(path, 'utf8');
      await writeFile(
        path,
        source.slice(0, source.indexOf('export const settingsByMajor')) + (await rendered(changes)),
      );
      return;
    }
    expect(settingsByMajor).toEqual(changes);
  }, 120_000);
});
