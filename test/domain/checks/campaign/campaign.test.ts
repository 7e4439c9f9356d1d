/**
 * How often the comparison with the time before the change errs: hundreds of simulated changes in realistic noise. The tables of
 * docs/checks.md are what this campaign says; KNOWNGOOD_UPDATE=1 writes them anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import {
  found,
  foundTable,
  healthyLatencies,
  healthyMetrics,
  healthyTable,
  lost,
  seed,
  slowerLatencies,
  worseMetrics,
} from './campaign.ts';

const sizes = [1.5, 2, 3, 4, 6];
/** From which size on docs/checks.md promises to find it. */
const promised = 6;

const healthy = { latency: healthyLatencies(), metric: healthyMetrics() };
const regressed = { latency: slowerLatencies(sizes), metric: worseMetrics(sizes) };

describe(`in simulated noise (seed ${seed})`, () => {
  for (const [what, rows] of Object.entries(healthy))
    for (const row of rows)
      it(`no healthy change is reverted for its ${what}: ${row.what}`, () => expect(lost(row)).toBe(0));

  for (const [what, rows] of Object.entries(regressed))
    for (const [at, row] of rows.entries())
      if ((sizes[at] ?? promised) >= promised)
        it(`every ${what} that gets worse is found within the soak: ${row.what}`, () =>
          expect(found(row)).toBe(row.runs.length));
});

it('docs/checks.md has the tables of this campaign', async () => {
  const path = new URL('../../../../docs/checks.md', import.meta.url);
  const tables: Readonly<Record<string, string>> = {
    'healthy-latency': healthyTable(healthy.latency),
    'healthy-metric': healthyTable(healthy.metric),
    'found-latency': foundTable(regressed.latency, 'every answer takes'),
    'found-metric': foundTable(regressed.metric, 'the number gets worse'),
  };
  const was = await readFile(path, 'utf8');
  let is = was;
  for (const [name, table] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- campaign ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    expect(is).toMatch(place);
    is = is.replace(place, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
  }
  is = await format(is, { parser: 'markdown', printWidth: 120, singleQuote: true });
  if (process.env.KNOWNGOOD_UPDATE === '1') await writeFile(path, is);
  expect(await readFile(path, 'utf8')).toBe(is);
});
