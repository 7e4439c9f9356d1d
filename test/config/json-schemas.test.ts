/** The published schemas are what the code reads. Run with KNOWNGOOD_UPDATE=1 to write them anew. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { jsonSchemas } from '../../config/json-schemas.ts';

for (const [name, text] of Object.entries(jsonSchemas())) {
  it(`schemas/${name} is current`, async () => {
    const path = new URL(`../../schemas/${name}`, import.meta.url);
    if (process.env.KNOWNGOOD_UPDATE === '1') await writeFile(path, text);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(JSON.parse(text));
  });
}
