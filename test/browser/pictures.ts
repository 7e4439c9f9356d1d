/** Pictures for the documentation: taken anew with KNOWNGOOD_UPDATE=1, and found out of date when the words on them change. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { packageRoot } from '../../worker/stack/package-root.ts';

const folder = join(packageRoot, 'docs', 'images');
const wordsPath = join(folder, 'pictures.json');

/** `words`: what the picture shows as text; only what differs from run to run is left out of the comparison. */
export async function picture(page: Page, name: string, words: string): Promise<void> {
  const hash = createHash('sha256').update(steady(words)).digest('hex').slice(0, 16);
  if (process.env.KNOWNGOOD_UPDATE === '1') {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
    const all = { ...known(), [name]: hash };
    const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(wordsPath, `${JSON.stringify(sorted, null, 2)}\n`);
  }
  expect({ name, hash: known()[name], isThere: readFileSync(join(folder, `${name}.png`)).length > 0 }).toEqual({
    name,
    hash,
    isThere: true,
  });
}

function known(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(wordsPath, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

function steady(words: string): string {
  return words
    .replace(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replace(/\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
    .replace(/\/\S*\/(?=[\w.-]+\.conf)/g, 'FOLDER/')
    .replace(/\b[0-9a-f]{12,}\b/g, 'ID')
    .replace(/\d+/g, 'N')
    .replace(/\s+/g, ' ');
}
