/** docs/cli.md is what the program says. Run with KNOWNGOOD_UPDATE=1 to write it anew. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { format } from 'prettier';
import { processIo } from '../../cli/io.ts';
import { createProgram } from '../../cli/program.ts';
import { reference } from '../../cli/reference.ts';

it('the reference is current', async () => {
  const path = new URL('../../docs/cli.md', import.meta.url);
  const text = await format(reference(createProgram(processIo(), () => undefined)), {
    parser: 'markdown',
    printWidth: 120,
  });
  if (process.env.KNOWNGOOD_UPDATE === '1') {
    await mkdir(new URL('.', path), { recursive: true });
    await writeFile(path, text);
  }
  expect(await readFile(path, 'utf8')).toBe(text);
});
